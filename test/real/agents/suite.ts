/** What every real CLI must do with our adapter, against a model server of ours on loopback. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Failure, inOrder } from "../../fakes/model-server/script.ts";
import { type ModelServer, startModelServer } from "../../fakes/model-server/server.ts";
import type { Cli } from "./programs.ts";
import { openSandbox, realAgent, type Sandbox } from "./sandbox.ts";

export interface RealCli {
  readonly name: string;
  readonly cli: Cli;
  /** Settings that lead the CLI to the model server. */
  env(baseUrl: string): Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Failures of the model's provider and what the reader must call them. */
  readonly failures: readonly (readonly [Failure, "auth" | "limit"])[];
}

const FILE = "greeting.txt";
const WORK = { shell: `printf 'hello\\n' > ${FILE} && git add -A && git commit -q -m 'Greet'` };
const SAID = { say: "I wrote a greeting." };

export function describeRealCli(real: RealCli): void {
  const agentAt = (baseUrl: string) => realAgent(real.name, real.cli, real.env(baseUrl));
  const { secrets } = real;

  describe(`the real ${real.name}`, { concurrency: 2, timeout: 180_000 }, () => {
    test("works in the checkout, commits, and says how it went", async () => {
      await inSandbox(async (server, sandbox) => {
        const ran = await sandbox.run(agentAt(server.url), { prompt: "Write a greeting.", secrets });
        assert.equal(ran.result.failure, null);
        assert.equal(ran.result.ok, true);
        assert.equal(ran.exitCode, 0);
        assert.equal(ran.result.lastMessage, SAID.say);
        assert.match(ran.result.session ?? "", /^[0-9a-f-]{36}$/);
        assert.ok((ran.result.usage?.outputTokens ?? 0) > 0);
        assert.equal(readFileSync(join(sandbox.paths.checkout, FILE), "utf8"), "hello\n");
        assert.equal(sandbox.git("log", "-1", "--format=%s"), "Greet");
        assert.equal(sandbox.git("status", "--porcelain"), "");
        const kinds = ran.events.map(({ kind }) => kind);
        assert.deepEqual([...new Set(kinds)].sort(), ["command", "message", "session"]);
        assert.ok(ran.events.some((event) => event.kind === "command" && event.command.includes(FILE)));
      });
    });

    test("goes on with an earlier session", async () => {
      await inSandbox(async (server, sandbox) => {
        const agent = agentAt(server.url);
        const first = await sandbox.run(agent, { prompt: "The word is heron.", secrets });
        assert.ok(first.result.session);
        const before = server.requests.length;
        const second = await sandbox.run(agent, {
          prompt: "And now?",
          resume: first.result.session,
          secrets,
        });
        assert.equal(second.result.failure, null);
        assert.equal(second.result.session, first.result.session);
        const asked = server.requests.slice(before).filter(({ turn }) => turn?.prompt.includes("And now?"));
        assert.match(JSON.stringify(asked[0]?.body), /heron/);
      });
    });

    test("takes a prompt that begins with a dash and one of 300 KB", async () => {
      await inSandbox(async (server, sandbox) => {
        for (const prompt of [
          "--help is not what I want",
          `${"- a long list\n".repeat(22_000)}the very end`,
        ]) {
          const ran = await sandbox.run(agentAt(server.url), { prompt, secrets });
          assert.equal(ran.result.failure, null);
          const prompts = server.requests.map(({ turn }) => turn?.prompt ?? "");
          assert.ok(
            prompts.some((received) => received.includes(prompt)),
            "the prompt arrived whole",
          );
        }
      });
    });

    test("is not taken for successful when it was ended in mid-run", async () => {
      const server = await startModelServer({ script: inOrder(WORK, { fail: "hang" }) });
      const sandbox = openSandbox();
      try {
        const ran = await sandbox.run(agentAt(server.url), {
          prompt: "Write a greeting.",
          secrets,
          onEvent: (event, kill) => event.kind === "command" && kill(),
        });
        assert.equal(ran.result.ok, false);
        assert.ok(ran.result.failure);
      } finally {
        await server.close();
        sandbox.remove();
      }
    });

    for (const [failure, cause] of real.failures) {
      test(`says "${cause}" when the provider answers ${failure}`, async () => {
        await inSandbox(async (server, sandbox) => {
          const ran = await sandbox.run(agentAt(server.failing(failure)), {
            prompt: "Write a greeting.",
            secrets,
          });
          assert.equal(ran.result.ok, false);
          assert.equal(ran.result.cause, cause, ran.result.failure ?? "");
          assert.ok(ran.result.failure);
        });
      });
    }
  });
}

/** With a server whose model does the work and then says so. */
export async function inSandbox(
  body: (server: ModelServer, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const server = await startModelServer({ script: inOrder(WORK, SAID) });
  const sandbox = openSandbox();
  try {
    await body(server, sandbox);
  } finally {
    await server.close();
    sandbox.remove();
  }
}
