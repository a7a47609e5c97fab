/** Who put a label on an issue, and when: the list of issues tells only that it is there. */
import { z } from "zod";
import { type RepoRef, repoName } from "../../model/run.ts";
import { User } from "./found.ts";
import { type Calls, isGone } from "./look.ts";
import { rowsOf } from "./rows.ts";

interface Question {
  readonly ask: Calls["ask"];
  readonly repo: RepoRef;
  /** Epoch milliseconds on GitHub's clock. */
  readonly since: number;
  readonly troubles: Set<string>;
}

const PAGE = 100;

const IssueEvent = z.looseObject({
  id: z.int().positive(),
  event: z.string(),
  actor: User.nullable(),
  created_at: z.iso.datetime({ offset: true }),
  label: z.looseObject({ name: z.string() }).nullish(),
});

export type IssueEvent = z.output<typeof IssueEvent>;

/**
 * Oldest first, with all since the time and some from before: GitHub gives them oldest first, so from the end. None of
 * an issue that was deleted meanwhile.
 */
export async function lastEvents(question: Question, number: number): Promise<readonly IssueEvent[]> {
  try {
    const first = await eventPage(question, number, 1);
    let events: readonly IssueEvent[] = [];
    for (let page = first.last; page > 1; page--) {
      events = [...(await eventPage(question, number, page)).events, ...events];
      if (events[0] && Date.parse(events[0].created_at) < question.since) return events;
    }
    return [...first.events, ...events];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function eventPage({ ask, repo, troubles }: Question, number: number, page: number) {
  const action = `reading who labelled ${repoName(repo)}#${number}`;
  const of = { owner: repo.owner, repo: repo.name, issue_number: number };
  const { data, headers } = await ask(action, ({ rest }, request) =>
    rest.issues.listEvents({ ...of, per_page: PAGE, page, request }),
  );
  const last = /[?&]page=(\d+)[^>]*>;\s*rel="last"/.exec(headers.link ?? "")?.[1];
  return { events: rowsOf(IssueEvent, data, action, troubles), last: Number(last ?? 1) };
}
