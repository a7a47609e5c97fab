import assert from "node:assert/strict";
import { test } from "node:test";
import { openSandbox, realAgent } from "./sandbox.ts";
import { describeRealCli, inSandbox } from "./suite.ts";

const env = (baseUrl: string) => ({ OPENAI_BASE_URL: `${baseUrl}/v1` });
const secrets = { CODEX_API_KEY: "sk-dummy" };

describeRealCli({
  name: "codex",
  cli: "codex",
  env,
  secrets,
  failures: [
    ["unauthorized", "auth"],
    ["rate_limited", "limit"],
    ["usage_limit", "limit"],
  ],
});

test("the real codex tells when a usage limit ends", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("codex", "codex", env(server.failing("usage_limit")));
    const { result, events } = await sandbox.run(agent, { prompt: "Write a greeting.", secrets });
    const minutes = ((result.resetsAt ?? 0) - Date.now()) / 60_000;
    assert.ok(minutes > 55 && minutes < 65, `${minutes} minutes from now, out of: ${result.failure}`);
    assert.ok(events.some((event) => event.kind === "limit" && event.resetsAt === result.resetsAt));
  });
});

test("the real codex reads CODEX_API_KEY, and asks without a key when there is only OPENAI_API_KEY", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("codex", "codex", env(server.url));
    const keyUsed = async (keys: Readonly<Record<string, string>>) => {
      const { result } = await sandbox.run(agent, { prompt: "Write a greeting.", secrets: keys });
      assert.equal(result.failure, null);
      return server.requests.findLast(({ turn }) => turn !== null)?.headers.authorization;
    };
    assert.equal(
      await keyUsed({ CODEX_API_KEY: "sk-codex", OPENAI_API_KEY: "sk-openai" }),
      "Bearer sk-codex",
    );
    assert.equal(await keyUsed({ OPENAI_API_KEY: "sk-openai" }), undefined);
  });
});

test("the real codex is asked for the model that was named, and for a review with the review's instructions", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("codex", "codex", env(server.url));
    await sandbox.run(agent, { prompt: "Write a greeting.", model: "gpt-5.4-mini", secrets });
    assert.equal(server.requests.findLast(({ turn }) => turn !== null)?.turn?.model, "gpt-5.4-mini");
    await sandbox.run(agent, { prompt: "", model: "review", secrets });
    assert.match(
      server.requests.findLast(({ turn }) => turn !== null)?.turn?.prompt ?? "",
      /git diff HEAD~2/,
    );
  });
});

for (const [name, model, served] of [
  ["local", null, "devstral-24b"],
  ["local", "lemmy", "lemmy"],
  ["codex", "lemer", "lemer"],
] as const) {
  test(`the real codex asks Ollama for ${served} as ${name}:${model ?? "(default)"}, without any key`, async () => {
    await inSandbox(async (server, sandbox) => {
      const agent = realAgent(name, "codex", { CODEX_OSS_BASE_URL: `${server.url}/v1` });
      const ran = await sandbox.run(agent, {
        prompt: "Write a greeting.",
        secrets: {},
        ...(model === null ? {} : { model }),
      });
      assert.equal(ran.result.failure, null);
      assert.equal(sandbox.git("log", "-1", "--format=%s"), "Greet");
      const turns = server.requests.filter(({ turn }) => turn !== null);
      assert.deepEqual([...new Set(turns.map(({ turn }) => turn?.model))], [served]);
      assert.equal(turns[0]?.headers.authorization, undefined);
    });
  });
}

test("a real codex that is told an unknown session says so and does not succeed", async () => {
  const sandbox = openSandbox();
  try {
    const agent = realAgent("codex", "codex", {});
    const resume = "01a204b0-39f2-7e61-b06c-d513307ecd6f";
    const { result } = await sandbox.run(agent, { prompt: "Go on.", resume, secrets });
    assert.equal(result.ok, false);
    assert.match(result.failure ?? "", /01a204b0|not found|no rollout/i);
  } finally {
    sandbox.remove();
  }
});
