import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import { explain, GitError, GitRefused, NoAnswer } from "../../src/workspace/explain.ts";

const ended = (stderr: string, more: object = {}) => ({
  exitCode: 128,
  timedOut: false,
  isMaxBuffer: false,
  stderr: Buffer.from(stderr),
  ...more,
});
const credential = { url: "https://forge.example/a/b.git", username: "bot", password: "p@ss/word" };

/** What forges and git print, from their sources and from the field. */
const SAID: readonly (readonly [string, string])[] = [
  [
    "remote: error: cannot lock ref 'refs/heads/agent/x': reference already exists",
    "another request is writing the same branch",
  ],
  [
    "remote: error: GH006: Protected branch update failed for refs/heads/main.",
    "the forge's rules for this branch",
  ],
  [
    "remote: error: GH013: Repository rule violations found for refs/heads/x.",
    "the forge's rules for this branch",
  ],
  [" ! [remote rejected] x -> x (pre-receive hook declined)", "the forge's rules for this branch"],
  ["remote: Forgejo: Not allowed to push to protected branch main", "the forge's rules for this branch"],
  ["fatal: Authentication failed for 'https://forge.example/a/b.git/'", "refused the bot's credentials"],
  [
    "fatal: could not read Username for 'https://x': terminal prompts disabled",
    "refused the bot's credentials",
  ],
  ["remote: Permission to a/b.git denied to bot.\nfatal: error: 403", "the bot may not do this"],
  [
    "remote: Repository not found.\nfatal: repository 'https://x/a/b.git/' not found",
    "knows no such repository",
  ],
  ["fatal: unable to access 'https://x/': Could not resolve host: x", "the forge did not answer"],
  ["fatal: unable to access 'https://x/': The requested URL returned error: 502", "the forge did not answer"],
  ["error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "the forge did not answer"],
  [
    "fatal: unable to access 'https://x/': SSL certificate problem: self-signed",
    "certificate is not trusted",
  ],
  ["fatal: write error: No space left on device", "the disk is full"],
  [
    "error: insufficient permission for adding an object\nfatal: unable to create x: Permission denied",
    "own folders",
  ],
  [" ! [rejected] x -> x (fetch first)", "someone else has pushed"],
  ["fatal: couldn't find remote ref refs/pull/7/head", "no longer on the forge"],
];

test("what a person can mend is a refusal with the action, the cause and a fix", () => {
  for (const [stderr, cause] of SAID) {
    const error = explain("push", ended(stderr), undefined);
    assert.ok(error instanceof Refusal, stderr);
    assert.ok(error.message.startsWith("running git push: ") && error.message.includes(cause), error.message);
    assert.ok(error.fix, stderr);
  }
});

test("what no rule knows is an error of ours, with git's last words", () => {
  const error = explain("log", ended("hint: try this\nfatal: bad object\n"), undefined);
  assert.ok(error instanceof GitError);
  assert.equal(error.message, "running git log: exit 128: fatal: bad object");
});

test("a command that took too long, was killed or was not there says so", () => {
  assert.match(explain("fetch", ended("", { timedOut: true }), undefined).message, /took too long/);
  const killed = ended("", { exitCode: undefined, signal: "SIGKILL" });
  assert.equal(explain("fetch", killed, undefined).message, "running git fetch: SIGKILL");
  assert.match(explain("fetch", ended("", { code: "ENOENT" }), undefined).message, /no executable git/);
});

test("no form of the credential is in a message, and a long one is cut", () => {
  const basic = Buffer.from("bot:p@ss/word").toString("base64");
  const stderr = `fatal: p@ss/word p%40ss%2Fword ${basic} https://eve:token@forge.example/\n`;
  const { message } = explain("fetch", ended(stderr), { credential });
  assert.equal(
    message,
    "running git fetch: exit 128: fatal: [redacted] [redacted] [redacted] https://forge.example/",
  );
  assert.ok(explain("fetch", ended("x".repeat(10_000)), { credential }).message.length < 700);
});

test("what may pass by itself is told apart from what stays", () => {
  const passing = SAID.filter(([stderr]) => explain("push", ended(stderr), undefined) instanceof NoAnswer);
  assert.deepEqual(
    new Set(passing.map(([, cause]) => cause)),
    new Set(["the forge did not answer", "another request is writing the same branch"]),
  );
  assert.ok(
    explain("push", ended("fatal: the requested URL returned error: 429"), undefined) instanceof NoAnswer,
  );
});

test("what the forge refused is told from the rest, with the status it stands for", () => {
  const status = (stderr: string) => {
    const error = explain("push", ended(stderr), undefined);
    return error instanceof GitRefused ? error.status : null;
  };
  assert.equal(status("fatal: Authentication failed for 'https://forge.example/a/b.git/'"), 401);
  assert.equal(status("fatal: unable to access 'x': The requested URL returned error: 401"), 401);
  assert.equal(status("remote: Permission to a/b.git denied to bot.\nfatal: error: 403"), 403);
  assert.equal(status("remote: Repository not found."), 404);
  assert.equal(status("remote: error: GH006: Protected branch update failed for refs/heads/main."), null);
  assert.equal(status("fatal: unable to access 'https://x/': Could not resolve host: x"), null);
});
