/** A terminal that remembers, commands that note how they were called, and a run to show. */

import type { Commands } from "../../src/cli/commands.ts";
import { runCli } from "../../src/cli/run.ts";
import type { Run } from "../../src/model/run.ts";

export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface Session {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** `name` and the options it was called with. */
  readonly calls: readonly (readonly [string, unknown])[];
}

/** Runs the command line with commands that do nothing, save for those given. */
export async function cli(
  argv: readonly string[],
  given: Partial<Commands> = {},
  tty = false,
): Promise<Session> {
  const calls: [string, unknown][] = [];
  const note =
    <T>(name: string, result: T) =>
    async (options: unknown): Promise<T> => {
      calls.push([name, options]);
      return result;
    };
  const commands: Commands = {
    version: "1.2.3",
    start: note("start", undefined),
    demo: note("demo", true),
    check: note("check", {
      config: { file: null, dataDir: "/d", store: "SQLite", listen: "x" },
      forges: [],
      runtimes: [],
      agents: [],
    }),
    doctor: note("doctor", { version: 1, ok: true, passed: 0, warned: 0, failed: 0, findings: [] }),
    buildImage: note("buildImage", { tag: "localhost/agent:1", engine: "docker", inUse: true }),
    setupGithub: note("setupGithub", undefined),
    addHook: note("addHook", { url: "https://d.example/hook", created: true }),
    status: note("status", { frozen: false, workers: null, runs: [], pools: [], pendingEffects: 0 }),
    backup: note("backup", { file: "b.sqlite", bytes: 4096, runs: 2 }),
    migrateStore: note("migrateStore", {
      runs: 2,
      deliveries: 3,
      effects: 4,
      aside: "/d/dispatch.sqlite.moved",
    }),
    freeze: note("freeze", undefined),
    thaw: note("thaw", undefined),
    resumePool: note("resumePool", true),
    async *logs(options) {
      calls.push(["logs", options]);
      yield "line 1\n";
      yield "line 2\n";
    },
    ...given,
  };
  const written = { out: "", err: "" };
  const sink = (name: "out" | "err") => ({
    isTTY: tty,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await runCli(argv, { out: sink("out"), err: sink("err"), env: {}, now: () => NOW }, commands);
  return { code, ...written, calls };
}

export function aRun(change: Partial<Run> = {}): Run {
  const by = { id: 1, login: "alice" };
  return {
    id: "01k9abc",
    repo: { forge: "codeberg", owner: "acme", name: "shop" },
    issue: {
      number: 7,
      isPull: false,
      title: "Add a cart",
      body: "",
      author: by,
      labels: [],
      url: "https://codeberg.org/acme/shop/issues/7",
    },
    trigger: { kind: "comment", by, commentId: "1", label: null, at: NOW },
    request: {
      agent: "codex:gpt-5",
      task: "",
      template: "coding",
      plan: null,
      variables: {},
      persona: null,
      branch: null,
      tag: null,
      timeoutMs: null,
    },
    pool: "codex",
    model: "gpt-5",
    priority: 0,
    state: "running",
    attempt: 1,
    createdAt: NOW - 12 * 60_000,
    queuedAt: NOW - 12 * 60_000,
    startedAt: null,
    endedAt: null,
    agentMs: 0,
    workspace: null,
    handle: null,
    session: null,
    outcome: null,
    report: null,
    answers: [],
    statusComment: null,
    cancelledBy: null,
    ...change,
  };
}
