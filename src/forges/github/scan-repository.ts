/**
 * What happened in one repository since a time: new comments, labels that command, and what was closed. Told only of
 * what is still there: a label that was taken off again, or a comment that was deleted, is no wish any more. What the
 * bot did itself is left out. What changed is read in parts, the oldest first, and a scan may stop between two.
 */
import { z } from "zod";
import { type RepoRef, repoName } from "../../model/run.ts";
import { PAGE, type Part, partSince } from "./changed-since.ts";
import { statusOf } from "./errors.ts";
import { closed, commented, type Found, Issue, labeled, User } from "./found.ts";
import { type IssueEvent, lastEvents } from "./labellings.ts";
import { type Calls, isGone, iso } from "./look.ts";
import { rowsOf } from "./rows.ts";

export interface RepositoryScan {
  readonly ask: Calls["ask"];
  readonly repo: RepoRef;
  /** The bot's id. */
  readonly self: number;
  /** What happened before is of no interest. Epoch milliseconds on GitHub's clock. */
  readonly since: number;
  /** Of the list of issues as it was last seen. */
  readonly etag: string | null;
  /** What could not be read is added. */
  readonly troubles: Set<string>;
  /** Asked between two parts, after the first. */
  readonly isEnough: () => boolean;
}

/** Filled while the scan goes on, so that one that fails has not been for nothing. */
export interface Scanned {
  /** Some perhaps twice. */
  readonly happened: Found[];
  /** What changed before was looked at. Epoch milliseconds on GitHub's clock; Infinity when it is through. */
  until: number;
  /** For the next scan: none after a change, which is read once more in case GitHub's lists were not of one mind. */
  etag: string | null;
}

/** Any label of this beginning may command. */
const COMMANDING = /^\s*dispatch[:/]/i;

const Comment = z.looseObject({
  id: z.int().positive(),
  user: User.nullable(),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
  issue_url: z.string(),
});
type Comment = z.output<typeof Comment>;
/** By number. Null when it is gone, or cannot be read. */
type Issues = Map<number, Issue | null>;

/** Goes on from `scanned.until`. Throws a ForgeError; a gone repository's too. */
export async function scanRepository(scan: RepositoryScan, scanned: Scanned): Promise<void> {
  const newest = await newestIssues(scan);
  scanned.etag = newest.etag;
  if (newest.changed.length === 0) {
    scanned.until = Number.POSITIVE_INFINITY;
    return;
  }
  scanned.etag = null;
  const issues: Issues = new Map(newest.changed.map((issue) => [issue.number, issue]));
  do {
    const ofComments = await partSince((at, page) => listComments(scan, at, page), scanned.until);
    const ofIssues = newest.isAll
      ? { rows: newest.changed, until: Number.POSITIVE_INFINITY }
      : await partSince((at, page) => listIssues(scan, at, page), scanned.until);
    for (const issue of ofIssues.rows) issues.set(issue.number, issue);
    const until = Math.min(ofComments.until, ofIssues.until);
    for (const comment of within(ofComments, scanned.until, until))
      scanned.happened.push(...(await newComment(scan, issues, comment)));
    for (const issue of within(ofIssues, scanned.until, until))
      scanned.happened.push(...(await newOf(scan, issue)));
    scanned.until = until;
  } while (scanned.until < Number.POSITIVE_INFINITY && !scan.isEnough());
}

function within<T extends { readonly updated_at: string }>(
  { rows }: Part<T>,
  from: number,
  until: number,
): T[] {
  return rows.filter((row) => {
    const at = Date.parse(row.updated_at);
    return at >= from && at <= until;
  });
}

/** The first page of what changed, newest first; a list that is the one we know has none. */
async function newestIssues(scan: RepositoryScan) {
  const { ask, repo, etag, since, troubles } = scan;
  const action = `looking for changed issues of ${repoName(repo)}`;
  const answer = await ask(action, async ({ rest }, request) => {
    const headers = etag === null ? {} : { "if-none-match": etag };
    const list = { state: "all", sort: "updated", direction: "desc", per_page: PAGE, page: 1 } as const;
    try {
      return await rest.issues.listForRepo({ ...named(repo), ...list, headers, request });
    } catch (error) {
      if (statusOf(error) === 304) return null;
      throw error;
    }
  });
  if (answer === null) return { changed: [], isAll: true, etag };
  const read = rowsOf(Issue, answer.data, action, troubles).filter((issue) => isOf(repo, issue));
  const changed = read.filter((issue) => Date.parse(issue.updated_at) >= since);
  const isAll = answer.data.length < PAGE || changed.length < read.length;
  return { changed, isAll, etag: answer.headers.etag ?? null };
}

async function listIssues({ ask, repo, troubles }: RepositoryScan, at: number, page: number) {
  const action = `looking for changed issues of ${repoName(repo)}`;
  const list = { state: "all", since: iso(at), sort: "updated", direction: "asc", per_page: PAGE } as const;
  const { data } = await ask(action, ({ rest }, request) =>
    rest.issues.listForRepo({ ...named(repo), ...list, page, request }),
  );
  return { rows: rowsOf(Issue, data, action, troubles), size: data.length };
}

async function listComments({ ask, repo, troubles }: RepositoryScan, at: number, page: number) {
  const action = `looking for new comments in ${repoName(repo)}`;
  const list = { since: iso(at), sort: "updated", direction: "asc", per_page: PAGE } as const;
  const { data } = await ask(action, ({ rest }, request) =>
    rest.issues.listCommentsForRepo({ ...named(repo), ...list, page, request }),
  );
  return { rows: rowsOf(Comment, data, action, troubles), size: data.length };
}

/** None for one that was only edited, and for one whose account is gone: it may command nothing. */
async function newComment(scan: RepositoryScan, issues: Issues, comment: Comment): Promise<Found[]> {
  const { repo, self, since } = scan;
  const { user } = comment;
  if (user === null || user.id === self || Date.parse(comment.created_at) < since) return [];
  const number = Number(comment.issue_url.split("/").at(-1));
  if (!issues.has(number)) issues.set(number, await issueOf(scan, number));
  const issue = issues.get(number);
  return issue ? [commented(repo, issue, comment, user)] : [];
}

async function newOf(scan: RepositoryScan, issue: Issue): Promise<Found[]> {
  const isMarked = issue.labels.some(({ name }) => COMMANDING.test(name));
  const happened = isMarked ? await newLabels(scan, issue) : [];
  const isNew = issue.closed_at && Date.parse(issue.closed_at) >= scan.since;
  if (isNew && issue.closed_at && issue.closed_by?.id !== scan.self)
    happened.push(closed(scan.repo, issue, issue.closed_at));
  return happened;
}

/** The label as it was put on last; one that was put on before our time is told of nowhere. */
async function newLabels(scan: RepositoryScan, issue: Issue): Promise<Found[]> {
  const events = await lastEvents(scan, issue.number);
  return issue.labels.flatMap((label) => {
    const isIt = (one: IssueEvent) => one.event === "labeled" && one.label?.name === label.name;
    const event = COMMANDING.test(label.name) ? events.findLast(isIt) : undefined;
    if (!event?.actor || event.actor.id === scan.self || Date.parse(event.created_at) < scan.since) return [];
    return [labeled(scan.repo, issue, label, event, event.actor)];
  });
}

async function issueOf({ ask, repo, troubles }: RepositoryScan, number: number): Promise<Issue | null> {
  const action = `reading ${repoName(repo)}#${number}`;
  try {
    const { data } = await ask(action, ({ rest }, request) =>
      rest.issues.get({ ...named(repo), issue_number: number, request }),
    );
    return rowsOf(Issue, [data], action, troubles)[0] ?? null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** An old name leads to the same issues as the new one, and would tell all of it a second time. */
function isOf(repo: RepoRef, issue: Issue): boolean {
  return issue.repository_url.toLowerCase().endsWith(`/repos/${repoName(repo)}`.toLowerCase());
}

function named(repo: RepoRef): { readonly owner: string; readonly repo: string } {
  return { owner: repo.owner, repo: repo.name };
}
