/** Reads what is new in one repository, from a place in it on, until its end or until the look has done its part. */
import { messageOf } from "../../model/errors.ts";
import { changedIssues, newComments, type Window } from "./changed.ts";
import type { Place } from "./cursor.ts";
import type { Pace } from "./pace.ts";
import type { Replayed } from "./replay.ts";

/** What a look has found so far, and the place up to which it did: also right when it is broken off. */
export interface Reading {
  readonly events: Replayed[];
  place: Place;
}

export const BEGINNING: Place = { list: "issues", page: 1, row: 0, why: null };

/** False when the look is to stop at the place that was reached, true when all was read. */
export async function readRepository(window: Window, reading: Reading, pace: Pace): Promise<boolean> {
  for (;;) {
    if (pace.enough()) return false;
    const { list, page, row, why } = reading.place;
    const found =
      list === "issues" ? await changedIssues(window, page, row, pace) : await newComments(window, page);
    reading.events.push(...found.events);
    const place = { list, page, row: 0, why: why ?? (found.trouble && messageOf(found.trouble)) };
    if (found.row !== null) {
      reading.place = { ...place, row: found.row };
      return false;
    }
    pace.step();
    const isQuiet = list === "issues" && !found.any && page === 1;
    const isEnd = found.isLast && (list === "comments" || isQuiet);
    reading.place = found.isLast ? { ...place, list: "comments", page: 1 } : { ...place, page: page + 1 };
    if (isEnd) return true;
  }
}
