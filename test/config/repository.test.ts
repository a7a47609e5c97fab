import assert from "node:assert/strict";
import { test } from "node:test";
import { narrow, parseRepositoryConfig } from "../../src/config/repository.ts";
import { ConfigError } from "../../src/model/errors.ts";
import { load } from "./load-with.ts";

const FILE = ".forgejo/dispatch.yml";
const parse = (text: string) => parseRepositoryConfig(text, FILE);

test("an empty file narrows nothing", () => {
  assert.deepEqual(
    { ...parse("") },
    {
      enabled: true,
      agents: null,
      defaultAgent: null,
      template: null,
      users: null,
      totalMs: null,
      draft: null,
    },
  );
});

test("every key is read", () => {
  const text =
    "enabled: false\nagents: [claude]\nagent: claude:opus\ntemplate: security\nusers: [alice]\ntimeout: 20m\ndraft: true\n";
  assert.deepEqual(
    { ...parse(text) },
    {
      enabled: false,
      agents: ["claude"],
      defaultAgent: "claude:opus",
      template: "security",
      users: ["alice"],
      totalMs: 1_200_000,
      draft: true,
    },
  );
});

test("a wrong file is refused with file and line", () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(
      () => parse(text),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  refused(
    "timeuot: 20m",
    /^\.forgejo\/dispatch\.yml:1:1: timeuot: is not a known key; did you mean "timeout"\?/,
  );
  refused("agents: [claude]\nruntime: native", /dispatch\.yml:2:1: runtime: is not a known key/);
  refused("- a", /dispatch\.yml:1:1: \(file\): must not be a list/);
  refused(`users: [${"a,".repeat(10_000)}]`, /is too large/);
});

test("without a file the admin's configuration holds", () => {
  const narrowed = narrow(load("agents: {gemini: {enabled: false}}"), null);
  assert.deepEqual(narrowed.agents, ["codex", "claude", "coderabbit", "local"]);
  assert.deepEqual(
    [narrowed.defaultAgent, narrowed.template, narrowed.totalMs, narrowed.draft],
    ["codex", "coding", 3_600_000, false],
  );
  assert.deepEqual(narrowed.notes, []);
});

test("less than the admin allows is taken", () => {
  const narrowed = narrow(
    load(""),
    parse("agents: [claude, codex]\nagent: claude\ntimeout: 20m\ndraft: true\nusers: [alice]"),
  );
  assert.deepEqual(narrowed.agents, ["codex", "claude"]);
  assert.deepEqual([narrowed.defaultAgent, narrowed.totalMs, narrowed.draft], ["claude", 1_200_000, true]);
  assert.deepEqual(narrowed.users, ["alice"]);
  assert.deepEqual(narrowed.notes, []);
});

test("more than the admin allows is ignored, and said", () => {
  const config = load("agents: {gemini: {enabled: false}}\ndispatch: {draft: true, timeout: 30m}");
  const narrowed = narrow(
    config,
    parse("agents: [gemini, aider, claude]\nagent: gemini\ntimeout: 2h\ndraft: false"),
  );
  assert.deepEqual(narrowed.agents, ["claude"]);
  assert.deepEqual([narrowed.defaultAgent, narrowed.totalMs, narrowed.draft], ["claude", 1_800_000, true]);
  assert.deepEqual(narrowed.notes, [
    "agents: gemini is ignored; this bot does not offer it.",
    "agents: aider is ignored; this bot does not offer it.",
    "agent: gemini is ignored; it is not offered here.",
    "timeout: 2h is ignored; the limit here is 30m.",
    "draft: false is ignored; this bot opens drafts only.",
  ]);
});

test("a default that is not offered here leaves none when there is a choice", () => {
  assert.equal(narrow(load(""), parse("agents: [claude, gemini]")).defaultAgent, null);
});
