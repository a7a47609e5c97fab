/**
 * What happened in one repository since a time: labels that command, closed issues, comments. A page at a time, and of
 * issues some rows of one, so that a look can stop in between.
 *
 * Labels: of an issue that carries one with the prefix of labels that command (`dispatch:` or `dispatch/`), the timeline
 * is asked who put it there and when. An instance without timelines (before Gitea and Forgejo 1.18) does not say: its
 * labels are not found, since nobody's permission may be taken for another's.
 */
import type { Comment, Issue, Label, TimelineComment, User } from "@llamaduck/forgejo-ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import { at, named } from "./api.ts";
import { concernsOne, statusOf } from "./errors.ts";
import type { Pace } from "./pace.ts";
import type { Reader } from "./reader.ts";
import { closedReplayed, commentReplayed, isPullRequest, labelReplayed, type Replayed } from "./replay.ts";
import { timelineOf, timeOf } from "./timeline.ts";

export interface Window {
  readonly repo: RepoRef;
  /** When the look happened, epoch milliseconds on our clock. */
  readonly now: number;
  readonly reader: Reader;
  /** Epoch milliseconds on the forge's clock, and the same as text. */
  readonly from: number;
  readonly since: string;
  /** What the bot itself did is left out. */
  readonly self: number;
  /** By number: comments do not bring their issue along. */
  readonly issues: Map<number, Issue>;
}

export interface Found {
  readonly events: readonly Replayed[];
  readonly isLast: boolean;
  /** Whether anything at all was changed: without, nobody has commented either. */
  readonly any: boolean;
  /** How many of the page's rows were read, when the look is to stop before its end; null when all were. */
  readonly row: number | null;
  /** Why something of the page could not be read though the page could; null when all could. */
  readonly trouble: Error | null;
}

const MARKED = /^\s*dispatch[:/]/i;

/** From this row of the page on. An issue whose timeline cannot be read keeps the others from nothing. */
export async function changedIssues(window: Window, page: number, from: number, pace: Pace): Promise<Found> {
  const { repo, reader, since } = window;
  const action = `looking for changed issues in ${repoName(repo)}`;
  const route = "GET /repos/{owner}/{repo}/issues";
  const { rows, isLast } = await reader.page<Issue>(action, route, page, {
    ...at(repo),
    state: "all",
    since,
  });
  const events: Replayed[] = [];
  const told = { events, isLast, any: rows.length > 0 };
  let trouble: Error | null = null;
  for (const [row, issue] of rows.entries()) {
    if (issue.number === undefined) continue;
    window.issues.set(issue.number, issue);
    if (row < from || !concerns(window, issue)) continue;
    if (pace.enough()) return { ...told, row, trouble };
    try {
      events.push(...(await happenedTo(window, issue, issue.number)));
    } catch (error) {
      if (!concernsOne(error) || reader.isOver()) throw error;
      trouble ??= error;
    }
    pace.step();
  }
  return { ...told, row: null, trouble };
}

/** Comments of the last years that were edited now are listed too: only new ones count. */
export async function newComments(window: Window, page: number): Promise<Found> {
  const { repo, reader, since } = window;
  const action = `looking for new comments in ${repoName(repo)}`;
  const route = "GET /repos/{owner}/{repo}/issues/comments";
  const list = await reader.page<Comment>(action, route, page, { ...at(repo), since });
  const events: Replayed[] = [];
  for (const comment of list.rows) {
    if (!isNew(window, comment.created_at) || comment.user?.id === window.self) continue;
    const number = numberIn(comment.issue_url) ?? numberIn(comment.pull_request_url);
    const issue = number === null ? null : await issueOf(window, number);
    if (issue) events.push(commentReplayed(window, issue, comment));
  }
  return { events, isLast: list.isLast, any: list.rows.length > 0, row: null, trouble: null };
}

/** Whether its timeline has to be asked. */
function concerns(window: Window, issue: Issue): boolean {
  return markedOf(issue).length > 0 || isClosedNow(window, issue);
}

function markedOf({ labels }: Issue): readonly Label[] {
  return (labels ?? []).filter(({ name }) => MARKED.test(name ?? ""));
}

function isClosedNow(window: Window, issue: Issue): boolean {
  return issue.state === "closed" && isNew(window, issue.closed_at);
}

async function happenedTo(window: Window, issue: Issue, number: number): Promise<readonly Replayed[]> {
  const { repo, reader, since } = window;
  const stretch = {
    repo,
    issue: number,
    isPull: isPullRequest(issue),
    since,
    until: Number.POSITIVE_INFINITY,
  };
  const all = await timelineOf(reader, stretch);
  const timeline = all?.filter((entry) => isNew(window, entry.created_at));
  const newest = (fits: (entry: TimelineComment) => boolean) => timeline?.findLast(fits);
  const labels = markedOf(issue).flatMap(({ name }) => {
    const entry = newest(({ type, label }) => type === "label" && label?.name === name);
    return entry?.body === "1" ? [entry] : [];
  });
  const events = labels
    .filter(({ user }) => !isSelf(window, user))
    .map((entry) => labelReplayed(window, issue, entry));
  const closer = newest(({ type }) => type === "close" || type === "merge_pull")?.user;
  const isClosed = isClosedNow(window, issue) && !isSelf(window, closer);
  return isClosed ? [...events, closedReplayed(window, issue, closer)] : events;
}

/** Null when it was deleted meanwhile. */
async function issueOf(window: Window, number: number): Promise<Issue | null> {
  const known = window.issues.get(number);
  if (known) return known;
  const { repo, reader } = window;
  const action = `reading ${named(repo, number)}`;
  try {
    const route = "GET /repos/{owner}/{repo}/issues/{index}";
    const { data } = await reader.get<Issue>(action, route, at(repo, number));
    window.issues.set(number, data);
    return data;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Of the web address of an issue or pull request, which is all that a comment tells of it. */
function numberIn(url: string | undefined): number | null {
  const number = /\/(?:issues|pulls)\/(\d+)(?:#.*)?$/.exec(url ?? "")?.[1];
  return number === undefined ? null : Number(number);
}

function isNew({ from }: Window, time: string | null | undefined): boolean {
  return timeOf(time) >= from;
}

function isSelf({ self }: Window, user: User | null | undefined): boolean {
  return user?.id === self;
}
