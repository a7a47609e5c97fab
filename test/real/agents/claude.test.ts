import assert from "node:assert/strict";
import { test } from "node:test";
import { realAgent } from "./sandbox.ts";
import { describeRealCli, inSandbox } from "./suite.ts";

const env = (baseUrl: string) => ({ ANTHROPIC_BASE_URL: baseUrl });
const secrets = { ANTHROPIC_API_KEY: "sk-dummy" };

describeRealCli({
  name: "claude",
  cli: "claude",
  env,
  secrets,
  failures: [
    ["unauthorized", "auth"],
    ["rate_limited", "limit"],
    ["usage_limit", "limit"],
  ],
});

test("the real claude tells when a subscription's limit ends", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("claude", "claude", env(server.failing("usage_limit")));
    const subscription = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-dummy" };
    const { result, events, lines } = await sandbox.run(agent, {
      prompt: "Write a greeting.",
      secrets: subscription,
    });
    assert.equal(result.cause, "limit", result.failure ?? "");
    const minutes = ((result.resetsAt ?? 0) - Date.now()) / 60_000;
    assert.ok(
      minutes > 55 && minutes < 65,
      `${minutes} minutes from now, out of: ${lines.slice(1).join("\n")}`,
    );
    assert.ok(events.some((event) => event.kind === "limit" && event.resetsAt === result.resetsAt));
  });
});

test("the real claude is asked for the model that was named, and told to stay in the checkout", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("claude", "claude", env(server.url));
    await sandbox.run(agent, { prompt: "Write a greeting.", model: "claude-haiku-4-5", secrets });
    const asked = server.requests.find(({ turn }) => turn?.prompt.includes("Write a greeting."));
    assert.equal(asked?.turn?.model, "claude-haiku-4-5");
    assert.match(JSON.stringify(asked?.body), /Keep every edit inside it/);
  });
});
