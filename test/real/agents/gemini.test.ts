import assert from "node:assert/strict";
import { test } from "node:test";
import { realAgent } from "./sandbox.ts";
import { describeRealCli, inSandbox } from "./suite.ts";

const env = (baseUrl: string) => ({ GOOGLE_GEMINI_BASE_URL: baseUrl });
const secrets = { GEMINI_API_KEY: "sk-dummy" };

// Without `rate_limited`: this CLI waits for minutes before it gives up, however it is set.
describeRealCli({
  name: "gemini",
  cli: "gemini",
  env,
  secrets,
  failures: [
    ["unauthorized", "auth"],
    ["usage_limit", "limit"],
  ],
});

test("the real gemini is asked for the model whose short name was given", async () => {
  await inSandbox(async (server, sandbox) => {
    const agent = realAgent("gemini", "gemini", env(server.url));
    await sandbox.run(agent, { prompt: "Write a greeting.", model: "flash", secrets });
    const asked = server.requests.find(({ turn }) => turn?.prompt.includes("Write a greeting."));
    assert.equal(asked?.turn?.model, "gemini-2.5-flash");
  });
});
