/**
 * Names that become folders and branches: checked or made here, so that nothing a person typed leaves the
 * workspace root or reads as an option of git. Pure.
 */
import { Refusal } from "../model/errors.ts";
import type { RepoRef, Run } from "../model/run.ts";

const FORGE = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const PART = /^(?!\.{1,2}$)[a-z0-9._-]{1,100}$/;
export const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const SLUG_LENGTH = 40;
const MARKS = /\p{M}+/gu;

/** `forge/owner/name`, lower-cased: forges take names that differ in case only for the same repository. */
export function repoPath(repo: RepoRef): string {
  const [forge, owner, name] = [repo.forge.toLowerCase(), repo.owner.toLowerCase(), repo.name.toLowerCase()];
  if (!isRepoPath({ forge, owner, name })) {
    throw new Refusal(
      `opening a workspace: ${JSON.stringify(`${repo.forge}/${repo.owner}/${repo.name}`)} is no repository name`,
      "Names have letters, digits, dots, dashes and underscores only.",
    );
  }
  return `${forge}/${owner}/${name}`;
}

/** Whether these are names `repoPath` makes: in small letters, and nothing that leads elsewhere. */
export function isRepoPath({ forge, owner, name }: RepoRef): boolean {
  return FORGE.test(forge) && FORGE.test(owner) && PART.test(name) && !name.endsWith(".git");
}

/** A run's id as a file name. */
export function runName(run: Pick<Run, "id">): string {
  if (!RUN_ID.test(run.id)) throw new Error(`the run id ${JSON.stringify(run.id)} cannot be a file name`);
  return run.id;
}

/**
 * `pr-7`, `task-15`, or `task-15-<branch or tag>` when one is named. The number is always in it: two issues may
 * ask for the same branch at once, and each has one active run at most.
 */
export function folderName(run: Pick<Run, "issue" | "request">): string {
  const { issue, request } = run;
  const named = slug(request.branch ?? request.tag ?? "");
  return `${issue.isPull ? "pr" : "task"}-${issue.number}${named ? `-${named}` : ""}`;
}

/** What `folderName` makes. */
export const FOLDER = /^(?:pr|task)-[1-9]\d*(?:-[a-z0-9-]+)?$/;

/** Lower-case ASCII words joined by dashes, 40 characters at most, whole words where that leaves enough. */
export function slug(text: string): string {
  const words = text
    .normalize("NFKD")
    .replace(MARKS, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (words.length <= SLUG_LENGTH) return words;
  const cut = words.slice(0, SLUG_LENGTH);
  const end = words[SLUG_LENGTH] === "-" ? SLUG_LENGTH : cut.lastIndexOf("-");
  return end > SLUG_LENGTH / 2 ? cut.slice(0, end) : cut.replace(/-+$/, "");
}

/** The bot's branch for a run: `agent/<slug>-<issue>`, numbered from 2 when `taken` says the name is in use. */
export function branchName(run: Pick<Run, "issue" | "request">, taken: (branch: string) => boolean): string {
  const words = slug(run.issue.title) || slug(run.request.task) || "work";
  // Git keeps branches as paths: beside a branch named `agent` there can be none below it.
  const stem = `${taken("agent") ? "agent-" : "agent/"}${words}-${run.issue.number}`;
  for (let n = 1; ; n++) {
    const name = n === 1 ? stem : `${stem}-${n}`;
    if (!taken(name)) return name;
  }
}
