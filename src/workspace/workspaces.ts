/**
 * The git side of a run: a fresh checkout to work in, and afterwards one commit to push. Life: `prepare` → (the agent
 * works in the checkout) → `collect` → `findSecret` → `push` → `remove`. Each may be done again after a crash. Runs
 * may be prepared at the same time, the same one may not.
 *
 * Credentials pass through for one git command each; neither the mirror nor the checkout ever holds one.
 */
import { isAbsolute, join, relative } from "node:path";
import type { SigningKey } from "../config/config.ts";
import type { GitCredential, PullRequest } from "../forges/forge.ts";
import type { RunFolders } from "../model/folders.ts";
import type { Run, RunWorkspace } from "../model/run.ts";
import { createBackground } from "./background.ts";
import { createCheckouts } from "./checkout.ts";
import { type Collected, type CollectRequest, collect } from "./collect.ts";
import type { Identity } from "./commit.ts";
import { type RepositoryFacts, readFacts } from "./facts.ts";
import { findSecret } from "./find-secret.ts";
import { createFolders } from "./folders.ts";
import { createGit } from "./git.ts";
import { createHoldings, type Holdings } from "./holdings.ts";
import { createHolds } from "./holds.ts";
import { createMirrors } from "./mirror.ts";
import { repoPath } from "./names.ts";
import { checkBranch, push } from "./push.ts";
import { removeWork } from "./pushed.ts";
import { findTarget, type Target } from "./target.ts";
import { createTrash } from "./trash.ts";

export type { Collected, CollectRequest, Holdings };

export interface WorkspaceOptions {
  /** Checkouts, spares and what waits to be deleted; nothing is written elsewhere but in `mirrors`. */
  readonly root: string;
  readonly mirrors: string;
  /** The bot as an author and committer. */
  readonly author: Identity;
  /** Signs what is published; null: nothing is signed. */
  readonly signing: SigningKey | null;
  readonly now: () => number;
  /** PATH for git. */
  readonly path: string;
  /** Keep a spare checkout per repository: runs start sooner, for one more working tree and copy of the objects. */
  readonly spares: boolean;
  /** Proxy and CA variables for git's network commands. */
  readonly network: Readonly<Record<string, string>>;
  /** Hears of trouble in the background that delays or fails no run. */
  readonly warn: (message: string) => void;
}

export interface PrepareRequest {
  readonly run: Run;
  readonly defaultBranch: string;
  readonly credential: GitCredential;
  /** When the run is on a pull request. */
  readonly pull: PullRequest | null;
  readonly signal: AbortSignal;
  /** Go on in the checkout of the run's earlier attempt, as the agent left it, where it still stands. */
  readonly keep: boolean;
}

export interface Preview extends RepositoryFacts {
  readonly workspace: RunWorkspace;
}

export interface Prepared extends Preview {
  /** The checkout and home of an earlier attempt stand as the agent left them: its session can be resumed. */
  readonly kept: boolean;
  readonly folders: RunFolders;
}

export interface WorkspacePush {
  readonly workspace: RunWorkspace;
  readonly sha: string;
  readonly credential: GitCredential;
  readonly signal: AbortSignal;
}

export interface WorkspaceSearch {
  readonly workspace: RunWorkspace;
  readonly sha: string;
  readonly secrets: readonly string[];
}

/** Each rejects with a Refusal for what a person can mend, and with the signal's reason when aborted. */
export interface Workspaces {
  prepare(request: PrepareRequest): Promise<Prepared>;
  /** What `prepare` would answer, from the mirror alone: makes no checkout. */
  preview(request: PrepareRequest): Promise<Preview>;
  /** Null when the agent changed nothing. */
  collect(request: CollectRequest): Promise<Collected | null>;
  /** Where in the collected work one of the values stands; null when nowhere. To be asked before a push. */
  findSecret(request: WorkspaceSearch): Promise<string | null>;
  /** Pushed already is fine. */
  push(request: WorkspacePush): Promise<void>;
  /** Removes all folders of the run, unless another run has them now. */
  remove(run: Run): Promise<void>;
  dirFor(run: Run): string;
  foldersOf(run: Run): RunFolders;
  /** Resolves when nothing is done in the background any more. */
  idle(): Promise<void>;
}

/** The room itself: besides what a run needs, what housekeeping does. */
export interface WorkspaceRoom extends Workspaces {
  readonly holdings: Holdings;
}

export function createWorkspaces(options: WorkspaceOptions): WorkspaceRoom {
  const git = createGit(options);
  const trash = createTrash(options);
  const mirrorTrash = createTrash({ ...options, root: options.mirrors });
  const folders = createFolders(options.root, trash);
  const mirrors = createMirrors(options.mirrors, git, options.now);
  const holds = createHolds();
  const background = createBackground(options.warn);
  const checkouts = createCheckouts({ ...options, git, folders });

  /** Where the work of a run's folder is collected and pushed from: beside the mirrors, never inside one. */
  const workRepository = (dir: string) => {
    const place = relative(options.root, dir);
    if (place.startsWith("..") || isAbsolute(place)) throw new Error(`${dir} is outside the workspace root`);
    return `${join(options.mirrors, place)}.git`;
  };

  const prepare = async (request: PrepareRequest): Promise<Prepared> => {
    const { run, credential } = request;
    const mirror = mirrors.dirFor(run.repo);
    const kept = await keptWorkspace(request);
    if (kept) {
      const facts = await factsFor(request, kept.baseSha);
      return { kept: true, workspace: kept, folders: await folders.complete(run), ...facts };
    }
    const target = await locate(request);
    await mirrors.pin(run, target.baseSha);
    const opened = await folders.open(run);
    await removeWork(workRepository(folders.dirFor(run)));
    const [facts] = await Promise.all([
      factsFor(request, target.baseSha),
      checkouts.make(checkoutRequest(request, target, opened.checkout)),
    ]);
    const ready = async () => {
      await checkouts.makeSpare({ repo: run.repo, mirror, url: credential.url, sha: target.baseSha });
      await mirrors.tidy(run.repo);
    };
    background.begin(`readying ${mirror} for its next run`, () => holds.use(repoPath(run.repo), ready));
    return { kept: false, workspace: { dir: folders.dirFor(run), ...target }, folders: opened, ...facts };
  };

  const locate = async (request: PrepareRequest) => {
    const { run, credential, signal } = request;
    const refs = await mirrors.refresh(run.repo, credential, signal);
    const pullHead = (pull: number) => mirrors.pullHead(run.repo, pull, credential, signal);
    const target = await findTarget({ ...request, refs, pullHead });
    await checkBranch(git, mirrors.dirFor(run.repo), target.branch);
    return target;
  };

  const preview = async (request: PrepareRequest): Promise<Preview> => {
    const target = await locate(request);
    const facts = await factsFor(request, target.baseSha);
    return { workspace: { dir: folders.dirFor(request.run), ...target }, ...facts };
  };

  /** A pull request's instructions come from the branch it is to be merged into: its author may be a stranger. */
  const factsFor = async ({ run, pull, signal }: PrepareRequest, baseSha: string) => {
    const into = pull ? await mirrors.resolve(run.repo, `refs/heads/${pull.baseBranch}`) : null;
    const commits = { newest: baseSha, trusted: pull ? into : baseSha, into };
    return await readFacts(git, mirrors.dirFor(run.repo), commits, signal);
  };

  const keptWorkspace = async ({ run, keep }: PrepareRequest) => {
    if (!keep || !run.workspace || !(await folders.standing(run))) return null;
    return (await mirrors.resolve(run.repo, run.workspace.baseSha)) === null ? null : run.workspace;
  };

  const checkoutRequest = ({ run, credential, signal }: PrepareRequest, target: Target, dir: string) => ({
    repo: run.repo,
    mirror: mirrors.dirFor(run.repo),
    url: credential.url,
    dir,
    branch: target.branch,
    sha: target.baseSha,
    extraRef: run.issue.isPull && target.pull === null ? `refs/pull/${run.issue.number}` : null,
    signal,
  });

  return {
    // What comes later is of a run that counts as active; until then only this keeps its folders and mirror in place.
    prepare: (request) => holds.use(repoPath(request.run.repo), () => prepare(request)),
    preview: (request) => holds.use(repoPath(request.run.repo), () => preview(request)),
    collect: (request) => {
      const mirror = mirrors.dirFor(request.run.repo);
      return collect({ ...options, git, mirror, gitDir: workRepository(request.workspace.dir) }, request);
    },
    findSecret: ({ workspace, ...request }) =>
      findSecret({
        ...{ ...request, git, gitDir: workRepository(workspace.dir) },
        ...{ base: workspace.baseSha, branch: workspace.branch },
      }),
    push: ({ workspace, ...request }) =>
      push({ ...request, git, gitDir: workRepository(workspace.dir), branch: workspace.branch }),
    remove: async (run) => {
      await mirrors.unpin(run);
      if (!(await folders.remove(run))) return;
      await removeWork(workRepository(folders.dirFor(run)));
    },
    dirFor: folders.dirFor,
    foldersOf: folders.foldersOf,
    idle: async () => {
      await background.idle();
      await trash.idle();
      await mirrorTrash.idle();
    },
    holdings: createHoldings({ ...options, mirrorRoot: options.mirrors, mirrors, trash, mirrorTrash, holds }),
  };
}
