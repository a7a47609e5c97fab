/**
 * What happened in one repository since a time: labels that command, closed issues, comments. A page at a time, so that
 * a look can stop between two.
 *
 * Labels: of an issue that carries one with the prefix of labels that command (`dispatch:` or `dispatch/`), the timeline
 * is asked who put it there and when. An instance without timelines (before Gitea and Forgejo 1.18) does not say: its
 * labels are not found, since nobody's permission may be taken for another's.
 */
import type { Comment, Issue, TimelineComment, User } from "@llamaduck/forgejo-ts";
import { repoName } from "../../model/run.ts";
import { at, named } from "./api.ts";
import { statusOf } from "./errors.ts";
import type { Reader } from "./reader.ts";
import { closedReplayed, commentReplayed, labelReplayed, type Place, type Replayed } from "./replay.ts";

export interface Window extends Place {
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
}

const MARKED = /^\s*dispatch[:/]/i;
/** Pages of one issue's timeline since the time: of more, only the oldest are read. */
const MOST_TIMELINE_PAGES = 20;

export async function changedIssues(window: Window, page: number): Promise<Found> {
  const { repo, reader, since } = window;
  const action = `looking for changed issues in ${repoName(repo)}`;
  const route = "GET /repos/{owner}/{repo}/issues";
  const list = await reader.page<Issue>(action, route, page, { ...at(repo), state: "all", since });
  const events: Replayed[] = [];
  for (const issue of list.rows) {
    if (issue.number === undefined) continue;
    window.issues.set(issue.number, issue);
    events.push(...(await happenedTo(window, issue, issue.number)));
  }
  return { events, isLast: list.isLast, any: list.rows.length > 0 };
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
  return { events, isLast: list.isLast, any: list.rows.length > 0 };
}

async function happenedTo(window: Window, issue: Issue, number: number): Promise<readonly Replayed[]> {
  const marked = (issue.labels ?? []).filter(({ name }) => MARKED.test(name ?? ""));
  const isClosed = issue.state === "closed" && isNew(window, issue.closed_at);
  if (marked.length === 0 && !isClosed) return [];
  const timeline = await timelineOf(window, number);
  const newest = (fits: (entry: TimelineComment) => boolean) => timeline?.findLast(fits);
  const labels = marked.flatMap(({ name }) => {
    const entry = newest(({ type, label }) => type === "label" && label?.name === name);
    return entry?.body === "1" ? [entry] : [];
  });
  const events = labels
    .filter(({ user }) => !isSelf(window, user))
    .map((entry) => labelReplayed(window, issue, entry));
  const closer = newest(({ type }) => type === "close" || type === "merge_pull")?.user;
  return isClosed && !isSelf(window, closer) ? [...events, closedReplayed(window, issue, closer)] : events;
}

/** Oldest first, of the time that is looked at; null when the instance has none. */
async function timelineOf(window: Window, number: number): Promise<readonly TimelineComment[] | null> {
  const { repo, reader, since } = window;
  const action = `reading the timeline of ${named(repo, number)}`;
  const route = "GET /repos/{owner}/{repo}/issues/{index}/timeline";
  const entries: TimelineComment[] = [];
  try {
    for (let page = 1; page <= MOST_TIMELINE_PAGES; page++) {
      const { rows } = await reader.page<TimelineComment>(action, route, page, {
        ...at(repo, number),
        since,
      });
      if (rows.length === 0) break;
      entries.push(...rows);
    }
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    return null;
  }
  return entries.filter((entry) => isNew(window, entry.created_at));
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
  return time !== null && time !== undefined && Date.parse(time) >= from;
}

function isSelf({ self }: Window, user: User | null | undefined): boolean {
  return user?.id === self;
}
