import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import type { IssueSnapshot, RunRequest } from "../../src/model/run.ts";
import { branchName, folderName, repoPath, runName, slug } from "../../src/workspace/names.ts";

const run = (issue: Partial<IssueSnapshot>, request: Partial<RunRequest> = {}) => ({
  issue: { number: 15, isPull: false, title: "", ...issue } as IssueSnapshot,
  request: { task: "", branch: null, tag: null, ...request } as RunRequest,
});
const free = () => false;

test("a slug is lower-case ASCII, 40 characters at most, cut between words", () => {
  assert.equal(slug("Größe & Preis: „Tee“!"), "gro-e-preis-tee");
  assert.equal(slug("Café Zoë"), "cafe-zoe");
  assert.equal(
    slug("one two three four five six seven eight nine"),
    "one-two-three-four-five-six-seven-eight",
  );
  assert.equal(slug("x".repeat(60)), "x".repeat(40));
  assert.equal(slug("--; rm -rf /"), "rm-rf");
  assert.equal(slug("日本語"), "");
});

test("a branch is named after the title, else the task, else work, with the issue's number", () => {
  assert.equal(branchName(run({ title: "Fix tea" }), free), "agent/fix-tea-15");
  assert.equal(branchName(run({ title: "日本語" }, { task: "Brew it" }), free), "agent/brew-it-15");
  assert.equal(branchName(run({ title: "日本語" }), free), "agent/work-15");
});

test("a branch name in use is numbered from 2", () => {
  const taken = new Set(["agent/fix-15", "agent/fix-15-2"]);
  assert.equal(
    branchName(run({ title: "Fix" }), (name) => taken.has(name)),
    "agent/fix-15-3",
  );
});

test("a branch named agent leaves no room for branches below it, so the slash becomes a dash", () => {
  assert.equal(
    branchName(run({ title: "Fix" }), (name) => name === "agent"),
    "agent-fix-15",
  );
});

test("a folder carries the issue's number, and what was named, made harmless", () => {
  assert.equal(folderName(run({})), "task-15");
  assert.equal(folderName(run({ number: 7, isPull: true })), "pr-7");
  assert.equal(folderName(run({}, { branch: "../../etc" })), "task-15-etc");
  assert.equal(folderName(run({}, { tag: "v1.0" })), "task-15-v1-0");
});

test("a repository's path is lower-cased, and only repository names are taken", () => {
  assert.equal(repoPath({ forge: "GitHub", owner: "Acme", name: ".GitHub" }), "github/acme/.github");
  const wrong = ["..", ".", "", "a/b", "a\\b", "a b", "a\0b", "x.git", "-é", "a\nb"];
  for (const name of wrong) {
    assert.throws(() => repoPath({ forge: "f", owner: "o", name }), Refusal, name);
    assert.throws(
      () => repoPath({ forge: "f", owner: name === "x.git" ? ".x" : name, name: "n" }),
      Refusal,
      name,
    );
  }
  assert.throws(() => repoPath({ forge: "../f", owner: "o", name: "n" }), Refusal);
});

test("a run's id that is no file name is refused", () => {
  assert.equal(runName({ id: "01H-x_y" }), "01H-x_y");
  for (const id of ["../x", "", ".x", "a/b", "a b"])
    assert.throws(() => runName({ id }), /cannot be a file name/);
});
