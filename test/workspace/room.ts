/** The workspace room against a remote, in temporary folders; and runs to give to it. Not a test file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SigningKey } from "../../src/config/config.ts";
import type { PullRequest } from "../../src/forges/forge.ts";
import type { IssueSnapshot, Run, RunRequest } from "../../src/model/run.ts";
import type { Collected } from "../../src/workspace/collect.ts";
import type { Identity } from "../../src/workspace/commit.ts";
import { createWorkspaces, type Prepared, type WorkspaceRoom } from "../../src/workspace/workspaces.ts";
import { PATH, type Remote, startRemote } from "./remote.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export interface Room {
  readonly remote: Remote;
  readonly dir: string;
  readonly root: string;
  readonly mirrors: string;
  readonly workspaces: WorkspaceRoom;
  readonly warnings: readonly string[];
  run(change?: RunChange): Run;
  prepare(run: Run, more?: { readonly keep?: boolean; readonly pull?: PullRequest }): Promise<Prepared>;
  collect(run: Run, prepared: Prepared, message?: string, coauthor?: Identity): Promise<Collected | null>;
  push(prepared: Prepared, sha: string): Promise<void>;
}

export interface RunChange {
  readonly id?: string;
  readonly issue?: Partial<IssueSnapshot>;
  readonly request?: Partial<RunRequest>;
  readonly workspace?: Run["workspace"];
}

/** Everything is removed when the test ends. */
export async function openRoom(
  t: TestContext,
  options: {
    readonly spares?: boolean;
    readonly empty?: boolean;
    readonly path?: string;
    readonly signing?: SigningKey;
  } = {},
): Promise<Room> {
  const remote = await startRemote(options);
  const dir = await mkdtemp(join(tmpdir(), "room-"));
  const [root, mirrors] = [join(dir, "workspace"), join(dir, "mirrors")];
  const warnings: string[] = [];
  const workspaces = createWorkspaces({
    root,
    mirrors,
    author: { name: "Dispatch Bot", email: "bot@example.org" },
    signing: options.signing ?? null,
    now: () => NOW,
    path: options.path ?? PATH,
    spares: options.spares ?? false,
    network: {},
    warn: (message) => warnings.push(message),
  });
  t.after(async () => {
    await workspaces.idle();
    await remote.close();
    await rm(dir, { recursive: true, force: true });
  });
  const signal = new AbortController().signal;
  return {
    remote,
    dir,
    root,
    mirrors,
    workspaces,
    warnings,
    run: (change = {}) => makeRun(remote, change),
    prepare: (run, more = {}) =>
      workspaces.prepare({
        run,
        defaultBranch: "main",
        credential: remote.credential,
        pull: more.pull ?? null,
        signal,
        keep: more.keep ?? false,
      }),
    collect: (run, { workspace, folders }, message = "Leftovers", coauthor) =>
      workspaces.collect({ run, workspace, folders, message, coauthor: coauthor ?? null, signal }),
    push: ({ workspace }, sha) => workspaces.push({ workspace, sha, credential: remote.credential, signal }),
  };
}

function makeRun(remote: Remote, change: RunChange): Run {
  const ann = { id: 1, login: "ann" };
  return {
    id: change.id ?? "run-1",
    repo: remote.repo,
    issue: {
      number: 15,
      isPull: false,
      title: "Fix the price of tea",
      body: "",
      author: ann,
      labels: [],
      url: "http://127.0.0.1/acme/shop/issues/15",
      ...change.issue,
    },
    trigger: { kind: "comment", by: ann, commentId: "1", label: null, at: NOW },
    request: {
      agent: "codex",
      task: "",
      template: "coding",
      plan: null,
      variables: {},
      persona: null,
      branch: null,
      tag: null,
      timeoutMs: null,
      ...change.request,
    },
    pool: "codex",
    model: null,
    priority: 0,
    state: "preparing",
    attempt: 1,
    createdAt: NOW,
    queuedAt: NOW,
    startedAt: null,
    endedAt: null,
    agentMs: 0,
    workspace: change.workspace ?? null,
    handle: null,
    session: null,
    outcome: null,
    report: null,
    answers: [],
    statusComment: null,
    cancelledBy: null,
  };
}

export function pullRequest(change: Partial<PullRequest> & { readonly headBranch: string }): PullRequest {
  return {
    number: 7,
    url: "http://127.0.0.1/acme/shop/pulls/7",
    title: "A change",
    open: true,
    headSha: "0".repeat(40),
    headRepo: { forge: "local", owner: "acme", name: "shop" },
    baseBranch: "main",
    ...change,
  };
}
