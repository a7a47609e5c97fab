/** The configuration of the demo's bot: one local forge, one scripted agent on the host, everything in one folder. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";

export const SECRET = "the-demo's-webhook-secret";

export interface DemoPlaces {
  readonly dir: string;
  readonly forgeUrl: string;
  readonly token: string;
  /** PATH, for git and node. */
  readonly path: string;
}

/** This file's neighbour, compiled or not. */
const AGENT = join(
  import.meta.dirname,
  `scripted-agent${import.meta.filename.endsWith(".ts") ? ".ts" : ".js"}`,
);

export function demoConfig({ dir, forgeUrl, token, path }: DemoPlaces): Config {
  const minutes = 60_000;
  return {
    role: "all",
    databaseUrl: null,
    leaseMs: minutes / 2,
    lost: "restart",
    catchUpMs: null,
    housekeeping: {
      everyMs: 60 * minutes,
      workspaces: { ageMs: null, bytes: null },
      mirrors: { ageMs: null, bytes: null },
      logs: { ageMs: null, bytes: null },
      deliveriesMs: null,
    },
    dataDir: join(dir, "data"),
    workspaceRoot: join(dir, "workspace"),
    host: "127.0.0.1",
    port: 0,
    publicUrl: null,
    logLevel: "silent",
    forges: [
      { kind: "forgejo", name: "local", url: forgeUrl, token, webhookSecret: SECRET, webhookProxy: null },
    ],
    agents: {
      scripted: {
        name: "scripted",
        runtime: "native",
        image: null,
        network: null,
        allow: [],
        confined: null,
        enabled: true,
        program: null,
        home: "run",
        env: {},
        secretEnv: [],
        defaultModel: null,
        custom: {
          argv: [process.execPath, AGENT],
          prompt: "stdin",
          success: { by: "line", pattern: "^DONE (.*)$" },
          mode: "work",
          install: null,
        },
      },
    },
    defaults: {
      agent: "scripted",
      template: "coding",
      runtime: "native",
      image: "localhost/agent-dispatch-agent:1",
      gpu: false,
      user: { uid: 1000, gid: 1000 },
      network: null,
      allow: [],
      confined: false,
      draft: false,
    },
    templateDir: null,
    spares: false,
    drain: "leave",
    git: { name: "agent-dispatch", email: "agent-dispatch@localhost.localdomain", signing: null },
    permission: {
      users: [],
      teams: [],
      bots: [],
      repositories: [],
      trustedWriters: [],
      strangersComments: "leave_out",
    },
    caps: { total: 4, perRepository: null, perPool: null, pools: {}, models: {} },
    rates: { failures: 3, windowMs: minutes, pauseMs: 30 * minutes },
    limits: {
      totalMs: 5 * minutes,
      idleMs: 5 * minutes,
      graceMs: 2000,
      logBytes: 1 << 20,
      outputBytes: 16 << 20,
      memoryBytes: null,
      cpus: null,
      pids: null,
      diskBytes: null,
    },
    secrets: { FORGEJO_TOKEN: token, FORGEJO_WEBHOOK_SECRET: SECRET },
    engineEnv: { PATH: path, HOME: dir },
    baseEnv: { PATH: path, HOME: dir },
  };
}
