import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { FLAGS } from "../../src/command/flags.ts";
import { ConfigError } from "../../src/model/errors.ts";
import { RUN_STATES } from "../../src/model/run.ts";
import * as say from "../../src/report/messages.ts";
import { at, sampleRun } from "./sample-run.ts";

/** Snapshots are the Markdown as it is posted. To change one: `node --test --test-update-snapshots <file>`. */
function shows(t: TestContext, ...texts: readonly string[]): void {
  for (const text of texts) t.assert.snapshot(text, { serializers: [String] });
}

test("queued: what is ahead, and why it waits", (t) => {
  const run = sampleRun();
  shows(
    t,
    say.queuedStatus(run, { ahead: 0, wait: null }),
    say.queuedStatus(run, { ahead: 1, wait: { kind: "cap" } }),
    say.queuedStatus(run, { ahead: 1234, wait: { kind: "paused", pool: "codex", until: at(30) } }),
    say.queuedStatus(run, { ahead: 2, wait: { kind: "frozen" } }),
  );
});

test("preparing, running with the last activity, publishing", (t) => {
  const run = sampleRun({ state: "running", startedAt: at(1), attempt: 2 });
  const activity = { text: "ran `npm test`\nfor @octocat", at: at(3) };
  const blocked = [{ host: "evil.example:443", count: 3 }];
  shows(
    t,
    say.preparingStatus(run),
    say.runningStatus(run, { now: at(1), activity: null, hidden: 0, blocked: [] }),
    say.runningStatus(run, { now: at(5), activity, hidden: 3, blocked }),
    say.publishingStatus(run),
  );
});

test("the status of an ended run points to its answer", (t) => {
  shows(
    t,
    say.endedStatus(sampleRun({ state: "timed_out" })),
    say.endedStatus(sampleRun({ state: "blocked" })),
  );
});

test("what /dispatch status answers", (t) => {
  shows(t, say.statusReply(null), say.lastRunStatus(sampleRun({ state: "failed" })));
});

test("a command that may not be given, and one that can not be read", (t) => {
  shows(
    t,
    say.notPermitted("Sorry, you may not command agents in this repository."),
    say.unreadable({
      kind: "error",
      message: "`codx` is neither an agent nor a command",
      suggestion: "codex",
    }),
    say.unreadable({ kind: "error", message: "`--timeout` needs a value", suggestion: null }),
  );
});

test("an agent that is not there or not allowed", (t) => {
  shows(
    t,
    say.unknownAgent("codx", ["codex", "claude"], "codex"),
    say.unknownAgent("a`b", [], null),
    say.agentNotAllowed("codex", ["claude"]),
  );
});

test("a command that does not fit the issue's run", (t) => {
  shows(
    t,
    say.busy(sampleRun({ state: "running" })),
    say.busy(sampleRun({ state: "blocked" })),
    say.nothingToCancel(),
    say.nothingToRetry(null),
    say.nothingToRetry("completed"),
    say.nothingToRetry("running"),
    say.nothingToAnswer(),
  );
});

test("a run that can not be started where it was asked for", (t) => {
  const place = { file: ".forgejo/dispatch.yml", line: 3, column: 5, key: "agents" };
  const { problems } = new ConfigError([{ ...place, message: "is no list", allowed: "a list of agents" }]);
  shows(
    t,
    say.disabledHere(),
    say.repositoryConfigWrong(problems),
    say.refused("reading the template: there is no `fast`", "Use one of `coding`, `review`."),
    say.refused("no", null),
  );
});

test("a dry run shows the prompt, folded", (t) => {
  const { request } = sampleRun();
  const view = {
    request: { ...request, timeoutMs: 1_800_000 },
    workspace: "/data/workspace/acme/shop/task-15",
  };
  shows(t, say.dryRun({ ...view, prompt: "Do it.\n\n```js\n1\n```\n</details>\n/dispatch cancel" }));
});

test("a paused pool and a secret held back", (t) => {
  shows(t, say.poolPaused("codex", 3, at(30)), say.secretHeldBack());
});

test("the help", (t) => {
  const text = say.help({
    agents: ["codex", "claude"],
    defaultAgent: "codex",
    templates: ["coding", "review"],
  });
  shows(t, text);
  for (const flag of FLAGS) assert.ok(text.includes(`\`${flag}`), flag);
});

test("every state of a run has words in its status reply", () => {
  for (const state of RUN_STATES)
    assert.match(say.lastRunStatus(sampleRun({ state })), /\*\*[a-z ]+\*\*: \w/);
});

test("no sentence holds an unfilled place or two blanks", () => {
  const snapshots = readFileSync(`${import.meta.filename}.snapshot`, "utf8");
  assert.doesNotMatch(snapshots, /undefined|\[object|NaN|\bnull\b/);
  assert.doesNotMatch(snapshots, /[a-z] {2}[a-z]/);
});
