/** The real CLIs without a network, through the relay and the proxy: they work, and never hold the key. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { inOrder } from "../../fakes/model-server/script.ts";
import { type ModelRequest, startModelServer } from "../../fakes/model-server/server.ts";
import { filesWith, inCutOff, RUN } from "./cut-off.ts";
import type { Cli } from "./programs.ts";
import { realAgent } from "./sandbox.ts";

/** Made up; each is looked for wherever the run could have had it from. */
const KEY = "made-up-key-that-no-run-may-hold-0123456789";
const SPY =
  "env > env.txt; cat /proc/[0-9]*/environ > environ.txt 2>/dev/null; printf hello > greeting.txt; " +
  "git add greeting.txt && git commit -q -m Greet";
const STEPS = [{ shell: SPY }, { say: "I wrote a greeting." }] as const;

interface Case {
  readonly name: string;
  readonly cli: Cli;
  readonly env: (url: string) => Readonly<Record<string, string>>;
  readonly variable: string | null;
  /** How the provider must have seen the key. */
  readonly shown: (request: ModelRequest) => unknown;
  readonly model?: string;
}

const bearer = ({ headers }: ModelRequest) => headers.authorization;
const claude = (variable: string, shown: Case["shown"]): Case => {
  return { name: "claude", cli: "claude", env: (url) => ({ ANTHROPIC_BASE_URL: url }), variable, shown };
};

const CASES: readonly Case[] = [
  {
    name: "codex",
    cli: "codex",
    env: (url) => ({ OPENAI_BASE_URL: `${url}/v1` }),
    variable: "CODEX_API_KEY",
    shown: bearer,
  },
  claude("ANTHROPIC_API_KEY", ({ headers }) => headers["x-api-key"]),
  claude("ANTHROPIC_AUTH_TOKEN", bearer),
  claude("CLAUDE_CODE_OAUTH_TOKEN", bearer),
  {
    name: "gemini",
    cli: "gemini",
    env: (url) => ({ GOOGLE_GEMINI_BASE_URL: url }),
    variable: "GEMINI_API_KEY",
    shown: ({ headers }) => headers["x-goog-api-key"],
  },
  {
    name: "gemini",
    cli: "gemini",
    env: (url) => ({ GOOGLE_VERTEX_BASE_URL: url, GOOGLE_GENAI_USE_VERTEXAI: "true" }),
    variable: "GOOGLE_API_KEY",
    shown: ({ headers }) => headers["x-goog-api-key"],
  },
  {
    name: "local",
    cli: "codex",
    env: (url) => ({ CODEX_OSS_BASE_URL: `${url}/v1` }),
    variable: null,
    shown: bearer,
  },
  {
    name: "codex",
    cli: "codex",
    env: (url) => ({ CODEX_OSS_BASE_URL: `${url}/v1` }),
    variable: null,
    shown: bearer,
    model: "lemer",
  },
];

describe("a real CLI that is cut off from the network", { concurrency: 2, timeout: 180_000 }, () => {
  for (const { name, cli, env, variable, shown, model } of CASES) {
    test(`${name}${model ? `:${model}` : ""} with ${variable ?? "no key"} works, and the key stays outside`, async () => {
      const server = await startModelServer({ script: inOrder(...STEPS) });
      try {
        await inCutOff(async ({ sandbox, egress, run }) => {
          const keys = variable === null ? {} : { [variable]: KEY };
          const ran = await run(realAgent(name, cli, env(server.url)), keys, model);
          assert.equal(ran.result.failure, null);
          assert.equal(ran.exitCode, 0);
          assert.equal(sandbox.git("log", "-1", "--format=%s"), "Greet");
          const turns = server.requests.filter(({ turn }) => turn !== null);
          const bare = shown === bearer ? `Bearer ${KEY}` : KEY;
          assert.ok(turns.length > 1);
          for (const turn of turns) assert.equal(shown(turn), variable === null ? undefined : bare);
          const { checkout } = sandbox.paths;
          assert.match(readFileSync(join(checkout, "environ.txt"), "utf8"), /HTTPS_PROXY=/);
          assert.deepEqual(filesWith(KEY, dirname(checkout)), []);
          assert.equal(egress.told(RUN)?.relayCame, true);
          assert.ok(!ran.lines.join("\n").includes(KEY));
          assert.deepEqual(egress.told(RUN)?.blocked, []);
        });
      } finally {
        await server.close();
      }
    });
  }
});
