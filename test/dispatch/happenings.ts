/** What may happen on a forge, as its adapter would tell it. */
import type { CommentCreated, Event, IssueClosed, LabelsChanged } from "../../src/model/event.ts";
import type { IssueSnapshot, RepoRef } from "../../src/model/run.ts";

export const REPO: RepoRef = { forge: "codeberg", owner: "acme", name: "shop" };
/** May write to the repository. */
export const ALICE = { id: 2, login: "alice", bot: false };
/** May only read it. */
export const EVE = { id: 3, login: "eve", bot: false };

let events = 0;

function snapshot(number: number): IssueSnapshot {
  return {
    number,
    isPull: false,
    title: "Prices are rounded wrongly",
    body: "See the title.",
    author: EVE,
    labels: [],
    url: `https://codeberg.test/acme/shop/issues/${number}`,
  };
}

function base(number: number) {
  events += 1;
  return { repo: REPO, issue: snapshot(number), by: ALICE, at: 5_000 + events, key: `event-${events}` };
}

/** Alice's, on issue 15. */
export function comment(body: string, more: Partial<CommentCreated> = {}, number = 15): CommentCreated {
  const common = base(number);
  return { kind: "comment", ...common, commentId: `c${events}`, body, ...more };
}

/** `added` is null on a forge that only tells the whole new set. */
export function labels(added: string | null, all: readonly string[], number = 15): LabelsChanged {
  const common = base(number);
  return { kind: "labels", ...common, issue: { ...common.issue, labels: all }, added, labels: all };
}

export function closed(by: Event["by"] = EVE, number = 15): IssueClosed {
  return { kind: "closed", ...base(number), by };
}
