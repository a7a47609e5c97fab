/**
 * What happened in one repository since a time: new comments, labels that command, and what was closed. Told only of
 * what is still there: a label that was taken off again, or a comment that was deleted, is no wish any more.
 */
import { z } from "zod";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import { statusOf } from "./errors.ts";
import { closed, commented, type Found, Issue, labeled, User } from "./found.ts";

export interface RepositoryScan {
  readonly ask: GithubClient["asSelf"];
  readonly look: Lookback;
  readonly repo: RepoRef;
  /** Epoch milliseconds on GitHub's clock. */
  readonly since: number;
  /** Of the list of issues as it was last seen. */
  readonly etag: string | null;
}

/** Any label of this beginning may command. */
const COMMANDING = /^\s*dispatch[:/]/i;
const PAGE = 100;

const Comment = z.looseObject({
  id: z.int().positive(),
  user: User.nullable(),
  created_at: z.iso.datetime({ offset: true }),
  issue_url: z.string(),
});
const IssueEvent = z.looseObject({
  id: z.int().positive(),
  event: z.string(),
  actor: User.nullable(),
  created_at: z.iso.datetime({ offset: true }),
  label: z.looseObject({ name: z.string() }).nullish(),
});

type IssueEvent = z.output<typeof IssueEvent>;

/**
 * Throws a ForgeError; a gone repository's too. `etag` is for the next scan: none after a change, which is read once
 * more in case GitHub's lists were not yet of one mind about it.
 */
export async function scanRepository(
  scan: RepositoryScan,
): Promise<{ readonly happened: readonly Found[]; readonly etag: string | null }> {
  const changed = await changedIssues(scan);
  if (changed === null) return { happened: [], etag: scan.etag };
  const { issues, etag } = changed;
  if (issues.length === 0) return { happened: [], etag };
  const happened = await newComments(scan, issues);
  for (const issue of issues) {
    if (issue.labels.some(({ name }) => COMMANDING.test(name)))
      happened.push(...(await newLabels(scan, issue)));
    if (issue.closed_at && Date.parse(issue.closed_at) >= scan.since)
      happened.push(closed(scan.repo, issue, issue.closed_at));
  }
  return { happened, etag: null };
}

/** Issues and pull requests that changed; null when the list is the one we know. */
async function changedIssues({ ask, repo, since, etag }: RepositoryScan) {
  const issues = new Map<number, Issue>();
  let first: string | null = null;
  for (let page = 1; ; page++) {
    const answer = await ask(`looking for changed issues of ${repoName(repo)}`, async ({ rest }, request) => {
      const headers = page === 1 && etag !== null ? { "if-none-match": etag } : {};
      const list = { state: "all", sort: "updated", direction: "desc", per_page: PAGE, page } as const;
      try {
        return await rest.issues.listForRepo({ ...named(repo), ...list, headers, request });
      } catch (error) {
        if (statusOf(error) === 304) return null;
        throw error;
      }
    });
    if (answer === null) return null;
    first ??= answer.headers.etag ?? null;
    const read = z.array(Issue).parse(answer.data);
    // An old name leads to the same issues as the new one, and would tell all of it a second time.
    const fresh = read.filter((issue) => Date.parse(issue.updated_at) >= since && isOf(repo, issue));
    for (const issue of fresh) issues.set(issue.number, issue);
    if (read.length < PAGE || fresh.length < read.length)
      return { issues: [...issues.values()], etag: first };
  }
}

async function newComments(scan: RepositoryScan, issues: readonly Issue[]): Promise<Found[]> {
  const { ask, repo, since } = scan;
  const found: Found[] = [];
  for (let page = 1; ; page++) {
    const where = { since: new Date(since).toISOString(), sort: "updated", direction: "asc" } as const;
    const answer = await ask(`looking for new comments in ${repoName(repo)}`, ({ rest }, request) =>
      rest.issues.listCommentsForRepo({ ...named(repo), ...where, per_page: PAGE, page, request }),
    );
    for (const comment of z.array(Comment).parse(answer.data)) {
      // Whose account is gone may command nothing; and an edited comment is no new one.
      if (comment.user === null || Date.parse(comment.created_at) < since) continue;
      const number = Number(comment.issue_url.split("/").at(-1));
      const issue = issues.find((one) => one.number === number) ?? (await issueOf(scan, number));
      found.push(commented(repo, issue, comment, comment.user));
    }
    if (answer.data.length < PAGE) return found;
  }
}

/** The label as it was put on last; one that was put on before our time is told of nowhere. */
async function newLabels(scan: RepositoryScan, issue: Issue): Promise<Found[]> {
  const events = await lastEvents(scan, issue.number);
  return issue.labels.flatMap((label) => {
    const isIt = (one: IssueEvent) => one.event === "labeled" && one.label?.name === label.name;
    const event = COMMANDING.test(label.name) ? events.findLast(isIt) : undefined;
    if (!event?.actor || Date.parse(event.created_at) < scan.since) return [];
    return [labeled(scan.repo, issue, label, event, event.actor)];
  });
}

/** Oldest first, with all since the time and some from before: GitHub gives them oldest first, so from the end. */
async function lastEvents(scan: RepositoryScan, number: number): Promise<readonly IssueEvent[]> {
  const first = await eventPage(scan, number, 1);
  let events: readonly IssueEvent[] = [];
  for (let page = first.last; page > 1; page--) {
    events = [...(await eventPage(scan, number, page)).events, ...events];
    if (events[0] && Date.parse(events[0].created_at) < scan.since) return events;
  }
  return [...first.events, ...events];
}

async function eventPage({ ask, repo }: RepositoryScan, number: number, page: number) {
  const action = `reading who labelled ${repoName(repo)}#${number}`;
  const { data, headers } = await ask(action, ({ rest }, request) =>
    rest.issues.listEvents({ ...named(repo), issue_number: number, per_page: PAGE, page, request }),
  );
  const last = /[?&]page=(\d+)[^>]*>;\s*rel="last"/.exec(headers.link ?? "")?.[1];
  return { events: z.array(IssueEvent).parse(data), last: Number(last ?? 1) };
}

async function issueOf({ ask, repo }: RepositoryScan, number: number): Promise<Issue> {
  const { data } = await ask(`reading ${repoName(repo)}#${number}`, ({ rest }, request) =>
    rest.issues.get({ ...named(repo), issue_number: number, request }),
  );
  return Issue.parse(data);
}

function isOf(repo: RepoRef, issue: Issue): boolean {
  return issue.repository_url.toLowerCase().endsWith(`/repos/${repoName(repo)}`.toLowerCase());
}

function named(repo: RepoRef): { readonly owner: string; readonly repo: string } {
  return { owner: repo.owner, repo: repo.name };
}
