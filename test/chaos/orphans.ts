/**
 * Files that stand where they should not when all runs have ended: what only a run under way has, what no run ever asked
 * for, and what the next step should have cleared away. Only what the product promises to remove; pure.
 */
import type { RunFacts } from "./facts.ts";

/** What a bot's folder holds. Paths are relative to it. */
export interface Held {
  readonly files: readonly string[];
  /** Those of every bot: a run that was taken over has its workspace elsewhere. */
  readonly everywhere: readonly string[];
  /** Commits that mirrors keep for runs. */
  readonly pins: readonly Pin[];
}

export interface Pin {
  readonly mirror: string;
  readonly run: string;
}

type Run = Pick<RunFacts, "id" | "issue" | "events">;

/** Found by their names alone. */
const LEFT: readonly (readonly [RegExp, string])[] = [
  [/\/native\/[^/]+\.json/, "runtime record"],
  [/\/mirrors\/.*\.lock$/, "lock of git"],
  [/\/\.trash\/[^/]+$/, "put away and not deleted"],
];
const WORKSPACE = /^workspace(?:\/worker-\d+)?\/forgejo\/([^/]+\/[^/]+)\/(?:task|pr)-(\d+)[^/]*$/;
const COLLECTED = /(?:^|\/)mirrors\/forgejo\/([^/]+\/[^/]+)\/(?:task|pr)-(\d+)[^/]*\.git\.before(?:\.gone)?$/;
const MIRROR = /(?:^|\/)mirrors\/forgejo\/([^/]+\/[^/]+)\.git$/;

export function orphans({ files, everywhere, pins }: Held, runs: readonly Run[]): readonly string[] {
  const known = new Set(files);
  return [
    ...files.flatMap((file) => misplaced(file, known, runs)),
    ...pins.flatMap((pin) => unpinned(pin, runs, everywhere)),
  ];
}

function misplaced(file: string, known: ReadonlySet<string>, runs: readonly Run[]): readonly string[] {
  const left = LEFT.find(([pattern]) => pattern.test(`/${file}`));
  if (left) return [`${left[1]}: ${file}`];
  const ofIssue = (match: RegExpExecArray) => runs.filter(({ issue }) => issue === `${match[1]}#${match[2]}`);
  const workspace = WORKSPACE.exec(file);
  if (workspace && ofIssue(workspace).length === 0) return [`workspace of an issue that no run has: ${file}`];
  const collected = COLLECTED.exec(file);
  if (collected && !ofIssue(collected).some(wasBrokenOff))
    return [`work put aside and not forgotten: ${file}`];
  if (/\/\.unfinished[^/]*$/.test(file) && isWholeBeside(file, known))
    return [`half a checkout beside a whole one: ${file}`];
  return [];
}

/** It was to be published and was not, at least not here: what was put aside stays for who tries again. */
function wasBrokenOff({ events }: Run): boolean {
  return events.some(({ from, to }) => from === "publishing" && to !== "completed");
}

/** Whoever makes a checkout or a spare clears away what an earlier try left. */
function isWholeBeside(file: string, known: ReadonlySet<string>): boolean {
  const folder = file.slice(0, file.lastIndexOf("/"));
  return known.has(`${folder}/repo`) || known.has(`${folder}/ready`);
}

/** A run keeps its commit for as long as its issue has a workspace. */
function unpinned({ mirror, run }: Pin, runs: readonly Run[], files: readonly string[]): readonly string[] {
  const issue = runs.find(({ id }) => id === run)?.issue;
  const repo = MIRROR.exec(mirror)?.[1];
  const kept = files.some((file) => {
    const workspace = WORKSPACE.exec(file);
    return workspace !== null && `${workspace[1]}#${workspace[2]}` === issue;
  });
  if (issue?.startsWith(`${repo}#`) && kept) return [];
  return [`commit kept for run ${run}, which has no workspace: ${mirror}`];
}
