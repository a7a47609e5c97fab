import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentResult } from "../../src/agents/agent.ts";
import { judgeKey, judgeLogin, judgePresence, judgeVersion } from "../../src/doctor/judge-agent.ts";

const PROGRAM = { name: "codex", versionArgs: ["--version"], install: "npm install -g @openai/codex" };
const ended = (code: number | null, stderr = "") => ({
  exit: { code, signal: code === null ? "SIGSEGV" : null, outOfMemory: false },
  stdout: "",
  stderr,
});

test("a program that answers is there; one that is not names what to install, and where", () => {
  assert.equal(judgePresence(PROGRAM, ended(0), null).result, "pass");
  const missing = judgePresence(PROGRAM, ended(127), "localhost/agent:1");
  assert.deepEqual([missing.result, missing.detail], ["fail", "no codex in localhost/agent:1"]);
  assert.match(missing.fix ?? "", /put it into the image: npm install/);
  const broken = judgePresence(PROGRAM, ended(1, "warming up\ncannot find libssl\n"), null);
  assert.equal(broken.detail, "codex ended with 1 on this machine: cannot find libssl");
  assert.match(judgePresence(PROGRAM, ended(null), null).detail, /SIGSEGV/);
  assert.equal(judgePresence(PROGRAM, { ...ended(0), exit: null }, null).result, "fail");
});

test("the tested version and newer ones pass, older ones and another major warn", () => {
  const judge = (printed: string, tested: string | null = "2.1.328") => judgeVersion(printed, tested).result;
  assert.deepEqual(
    ["2.1.328 (Claude Code)", "claude 2.2.0", "2.1.99", "3.0.0", "no number"].map((text) => judge(text)),
    ["pass", "pass", "warn", "warn", "warn"],
  );
  assert.equal(judge("codex-cli 1.0", null), "pass");
  assert.match(judgeVersion("claude 2.2.0", "2.1.328").detail, /newer than the tested 2\.1\.328/);
});

test("one key is enough, and none is needed by some", () => {
  const judge = (names: readonly string[], known: readonly string[]) =>
    judgeKey({ names, set: (name) => known.includes(name) });
  assert.equal(judge(["CODEX_API_KEY", "OPENAI_API_KEY"], ["OPENAI_API_KEY"]).detail, "OPENAI_API_KEY set");
  assert.equal(judge([], []).result, "pass");
  assert.deepEqual(judge(["A_KEY", "B_KEY"], []).fix, "set one of them in .env");
});

test("a login is as good as the agent's own word", () => {
  const result = (change: Partial<AgentResult>): AgentResult => ({
    ...{
      ok: false,
      failure: "401",
      cause: "auth",
      resetsAt: null,
      lastMessage: null,
      session: null,
      usage: null,
    },
    ...change,
  });
  assert.equal(judgeLogin(result({ ok: true })).result, "pass");
  const refused = judgeLogin(result({}));
  assert.deepEqual([refused.result, refused.detail], ["fail", "401"]);
  assert.match(refused.fix ?? "", /new key or login/);
  assert.equal(judgeLogin(result({ cause: "limit" })).result, "warn");
  assert.equal(judgeLogin(result({ cause: "other", failure: null })).detail, "it did not say why");
});
