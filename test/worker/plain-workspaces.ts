/**
 * Workspaces of plain folders, without git: what the worker asks for is written down, and what it gets is what the
 * test says. The real ones have tests of their own.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Run, RunWorkspace } from "../../src/model/run.ts";
import type { Collected, PrepareRequest, Workspaces } from "../../src/workspace/workspaces.ts";

export interface PlainWorkspaces extends Workspaces {
  readonly asked: PrepareRequest[];
  /** Commits pushed, oldest first. */
  readonly pushed: string[];
  /** What the agent is found to have done; null: nothing. */
  work: Collected | null;
  /** Where a secret is found in it. */
  leak: string | null;
  /** What the next step of this name rejects with, once. */
  fail(step: "prepare" | "collect" | "push", error: Error): void;
  /** Done in the middle of preparing. */
  meanwhile: () => Promise<void> | void;
}

export const WORK: Collected = {
  sha: "c".repeat(40),
  files: 2,
  added: 10,
  removed: 3,
  commits: 1,
  note: null,
};

export function createPlainWorkspaces(root: string): PlainWorkspaces {
  const failures: { readonly step: string; readonly error: Error }[] = [];
  const mayFail = (step: string) => {
    const next = failures.findIndex((failure) => failure.step === step);
    if (next >= 0) throw failures.splice(next, 1)[0]?.error;
  };
  const dirFor = (run: Run) => join(root, `${run.repo.name}-${run.issue.number}`);
  const foldersOf = (run: Run) => {
    const dir = dirFor(run);
    const part = (name: string) => join(dir, name);
    return { checkout: part("repo"), meta: part(".meta"), home: part(".home"), logs: part(".logs") };
  };
  const workspaceOf = (run: Run): RunWorkspace => ({
    dir: dirFor(run),
    branch: `agent/issue-${run.issue.number}`,
    base: run.issue.isPull ? null : "main",
    baseSha: "b".repeat(40),
    pull: run.issue.isPull ? run.issue.number : null,
  });
  const facts = { recentCommits: ["First commit"], instructions: [], reviewFrom: null };
  const plain: PlainWorkspaces = {
    asked: [],
    pushed: [],
    work: WORK,
    leak: null,
    meanwhile: () => {},
    fail: (step, error) => void failures.push({ step, error }),
    async prepare(request) {
      plain.asked.push(request);
      mayFail("prepare");
      await plain.meanwhile();
      request.signal.throwIfAborted();
      const folders = foldersOf(request.run);
      for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
      return { ...facts, kept: request.keep, folders, workspace: workspaceOf(request.run) };
    },
    preview: async ({ run }) => ({ ...facts, workspace: workspaceOf(run) }),
    async collect() {
      mayFail("collect");
      return plain.work;
    },
    findSecret: async () => plain.leak,
    async push({ sha }) {
      mayFail("push");
      plain.pushed.push(sha);
    },
    remove: (run) => rm(dirFor(run), { recursive: true, force: true }),
    dirFor,
    foldersOf,
    idle: async () => {},
  };
  return plain;
}
