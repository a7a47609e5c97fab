import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabel } from "../../src/command/parse.ts";
import { dispatchOf, parse } from "./written.ts";

function reads(body: string, ...expected: ReturnType<typeof parse>): void {
  assert.deepEqual(parse(body), expected, JSON.stringify(body));
}

function suggests(body: string, suggestion: string | null, message?: RegExp): void {
  const [first, ...more] = parse(body);
  assert.equal(first?.kind, "error", JSON.stringify(body));
  assert.equal(first.suggestion, suggestion, JSON.stringify(body));
  if (message) assert.match(first.message, message);
  assert.deepEqual(more, []);
}

test("a bare command gives the default agent the issue itself", () => {
  reads("/dispatch", dispatchOf());
  reads("Hello!\n\n  /dispatch  \n", dispatchOf());
  reads("/DISPATCH", dispatchOf());
});

test("the first word is the agent when it is configured, with a model behind the first colon", () => {
  reads("/dispatch codex", dispatchOf({ agent: "codex" }));
  reads("/dispatch Codex:gpt-5:mini go on", dispatchOf({ agent: "codex:gpt-5:mini", task: "go on" }));
  reads("/dispatch local tests are slow", dispatchOf({ agent: "local", task: "tests are slow" }));
});

test("the task runs to the end of the comment and is kept as written", () => {
  const task = 'fix "it"\n\n```js\nlet a  = 1;\n```\n> quoted\n- list';
  reads(`/dispatch codex ${task}\n`, dispatchOf({ agent: "codex", task }));
  reads("/dispatch\n\nfix the tests", dispatchOf({ task: "fix the tests" }));
  reads("/dispatch fix the tests", dispatchOf({ task: "fix the tests" }));
  reads("/dispatch fix: typo", dispatchOf({ task: "fix: typo" }));
  reads(
    "/dispatch https://example.test/a:b is broken",
    dispatchOf({ task: "https://example.test/a:b is broken" }),
  );
});

test("flags are read with blanks or an equals sign, with quotes, escapes and phone dashes", () => {
  reads(
    '/dispatch claude --template review --persona=senior --plan p-1 --var a=1 --var "b=two words" --var c="q \\" \\\\" --branch feature/x --timeout 1h30m --dry-run do it',
    dispatchOf({
      agent: "claude",
      template: "review",
      persona: "senior",
      plan: "p-1",
      variables: { a: "1", b: "two words", c: 'q " \\' },
      branch: "feature/x",
      timeoutMs: 5_400_000,
      dryRun: true,
      task: "do it",
    }),
  );
  reads("/dispatch —timeout 10s —tag v1.2", dispatchOf({ timeoutMs: 10_000, tag: "v1.2" }));
  reads("/dispatch --var a=“b c” go", dispatchOf({ variables: { a: "b c" }, task: "go" }));
  reads("/dispatch --var __proto__=x", dispatchOf({ variables: Object.fromEntries([["__proto__", "x"]]) }));
});

test("a wrong flag is named, with what is allowed", () => {
  suggests("/dispatch --tiemout 30m fix", "--timeout", /`--tiemout` is no flag.*`--dry-run`/);
  suggests("/dispatch --zzz", null, /no flag/);
  suggests("/dispatch -t 3m", null, /`-t` is no flag/);
  suggests("/dispatch --branch", null, /`--branch` needs a value/);
  suggests("/dispatch --template --dry-run", null, /`--template` needs a value/);
  suggests("/dispatch --template= x", null, /`--template` needs a value/);
  suggests("/dispatch --dry-run=yes", null, /`--dry-run` takes no value/);
  suggests('/dispatch --plan "a b', null, /quote in the value of `--plan`/);
  suggests("/dispatch --tag a --tag b", null, /`--tag` is given twice/);
  suggests("/dispatch --var a=1 --var a=2", null, /variable `a` is given twice/);
  suggests("/dispatch --var a", null, /`a` is no value for `--var`.*name=value/);
  suggests("/dispatch --branch a --tag b", null, /`--branch` and `--tag`/);
  suggests("/dispatch --template ../../etc/passwd", null, /no value for `--template`/);
});

test("a timeout is from 10 s to 24 h", () => {
  reads("/dispatch --timeout 24h", dispatchOf({ timeoutMs: 86_400_000 }));
  for (const bad of ["9s", "25h", "24h1s", "30", "m", "-5m", "1.5h", "99999999h"]) {
    suggests(`/dispatch --timeout=${bad} x`, null, /`10s` to `24h`/);
  }
});

test("a branch that git would refuse is refused here", () => {
  for (const bad of [
    "-x",
    "a..b",
    "a b",
    "/a",
    "a/",
    "a.lock",
    "a/.b",
    "a@{1}",
    "HEAD",
    "a~1",
    "a:b",
    "a\\\\b",
    "a//b",
  ]) {
    suggests(`/dispatch --branch="${bad}"`, null, /no value for `--branch`/);
  }
});

test("a flag behind the beginning of the task is asked about, not guessed at", () => {
  suggests("/dispatch fix the tests --timeout 30m", null, /`--timeout` stands behind/);
  suggests("/dispatch codex\n--branch x", null, /`--branch` stands behind/);
  reads("/dispatch document the `--branch` flag", dispatchOf({ task: "document the `--branch` flag" }));
  reads("/dispatch -- fix --timeout", dispatchOf({ task: "fix --timeout" }));
  reads("/dispatch codex -- status page", dispatchOf({ agent: "codex", task: "status page" }));
});

test("a misspelt agent or command gets the nearest right one", () => {
  suggests("/dispatch codx fix", "codex", /`codx` is neither an agent/);
  suggests("/dispatch cladue fix", "claude");
  suggests("/dispatch aider:gpt fix", null, /`aider` is neither/);
  suggests("/dispatch codx:gpt fix", "codex");
  suggests("/dispatch cancle", "cancel");
  suggests("/dispatch stauts", "status");
  suggests("/dispatch stop", "cancel");
  suggests("/dispatch whatever", null);
  suggests("/dispatch codex: fix", "codex", /model is missing/);
  suggests("/dispach codex", "/dispatch");
  suggests("/dispatch:codex fix", "/dispatch codex");
});

test("ordinary words that begin a task are not asked about", () => {
  for (const task of [
    "code the parser",
    "make it faster",
    "fix",
    "implement",
    "add tests",
    "Please help",
    "node 24 support",
  ]) {
    reads(`/dispatch ${task}`, dispatchOf({ task }));
  }
});

test("short commands stand alone on their line, several in one comment, each counted once", () => {
  reads("/dispatch status", { kind: "status" });
  reads("/dispatch Cancel <!-- sent from my phone -->", { kind: "cancel" });
  reads("/dispatch cancel\n/dispatch retry\n/dispatch cancel", { kind: "cancel" }, { kind: "retry" });
  reads(
    "/dispatch cancel\ntext\n/dispatch codex go",
    { kind: "cancel" },
    dispatchOf({ agent: "codex", task: "go" }),
  );
  suggests("/dispatch status of the build is red", null, /stands alone/);
});

test("an answer is the text to the end of the comment", () => {
  reads("/dispatch answer Blue.\n\nAnd green.", { kind: "answer", text: "Blue.\n\nAnd green." });
  reads("/dispatch answer\nBlue", { kind: "answer", text: "Blue" });
  suggests("/dispatch answer  ", null, /needs the answer/);
});

test("one command that can not be read leaves the whole comment undone", () => {
  suggests("/dispatch cancel\n/dispatch codx go", "codex");
  suggests("/dispatch codex a\n/dispatch claude b", null, /to the end of the comment/);
  suggests("/dispatch answer a\n/dispatch status", null, /to the end of the comment/);
});

test("other slash words are no commands", () => {
  for (const other of [
    "/dispatched x",
    "/dispatcher",
    "/dispatch-me",
    "/dispatch/x",
    "/patch",
    "/assign me",
    "x /dispatch",
    "/ dispatch",
  ]) {
    reads(other);
  }
});

test("a task in which only code mentions a command is one task", () => {
  reads(
    "/dispatch document\n```\n/dispatch codex\n```",
    dispatchOf({ task: "document\n```\n/dispatch codex\n```" }),
  );
});

test("line ends, hard blanks and tabs are read as people see them", () => {
  reads("Hi\r\n/dispatch\u00a0codex\t fix\r\nmore\r\n", dispatchOf({ agent: "codex", task: "fix\nmore" }));
  reads("\ufeff/dispatch status\r/dispatch retry", { kind: "status" }, { kind: "retry" });
});

test("an unreadable word is shown short and harmless", () => {
  suggests(`/dispatch --${"x".repeat(500)}@admin\``, null, /^`--x{38}…` is no flag/);
});

test("a label names an agent, on both forges' ways of writing", () => {
  assert.deepEqual(parseLabel("dispatch:codex"), { agent: "codex" });
  assert.deepEqual(parseLabel("Dispatch:Codex:gpt-5:Mini"), { agent: "codex:gpt-5:Mini" });
  assert.deepEqual(parseLabel("dispatch/claude:opus"), { agent: "claude:opus" });
  for (const other of [
    "dispatch",
    "dispatch:",
    "dispatch/",
    "bug",
    "xdispatch:codex",
    "dispatch:a b",
    "dispatch:codex:",
  ]) {
    assert.equal(parseLabel(other), null, other);
  }
});
