/**
 * An issue's timeline, as far as it tells of labels and endings. Forgejo leaves out what the bot may not see, and the
 * comments on code, only after it has cut the pages: a page may be short or empty though it is not the last.
 */
import type { TimelineComment } from "@llamaduck/forgejo-ts";
import type { RepoRef } from "../../model/run.ts";
import { at, named } from "./api.ts";
import { statusOf } from "./errors.ts";
import type { Reader } from "./reader.ts";

export interface Stretch {
  readonly repo: RepoRef;
  readonly issue: number;
  /** Only pull requests have comments on code. */
  readonly isPull: boolean;
  /** What happened before, in the forge's time, is not told; null: from the beginning. */
  readonly since: string | null;
  /** What happened later, epoch milliseconds, need not be told. */
  readonly until: number;
}

/** So many empty pages in a row are the end. A review's comments on code stand together. */
const EMPTY_PAGES = 2;
const EMPTY_PAGES_OF_PULL = 4;
/** Of a longer one the newest entries, which count, are not reached. */
const MOST_PAGES = 200;
const TOLD: ReadonlySet<string | undefined> = new Set(["label", "close", "merge_pull"]);

/** Oldest first; null when there is none or it is not shown, and when it is too long to find its newest entries. */
export async function timelineOf(
  reader: Reader,
  { repo, issue, isPull, since, until }: Stretch,
): Promise<readonly TimelineComment[] | null> {
  const action = `reading the timeline of ${named(repo, issue)}`;
  const route = "GET /repos/{owner}/{repo}/issues/{index}/timeline";
  const parameters = { ...at(repo, issue), ...(since === null ? {} : { since }) };
  const entries: TimelineComment[] = [];
  const end = isPull ? EMPTY_PAGES_OF_PULL : EMPTY_PAGES;
  try {
    for (let page = 1, empty = 0; page <= MOST_PAGES; page++) {
      const { rows } = await reader.page<TimelineComment>(action, route, page, parameters);
      entries.push(...rows.filter(({ type }) => TOLD.has(type)));
      empty = rows.length === 0 ? empty + 1 : 0;
      if (empty === end || rows.some(({ created_at }) => timeOf(created_at) >= until)) return entries;
    }
  } catch (error) {
    if (![403, 404].includes(statusOf(error))) throw error;
  }
  return null;
}

/** Epoch milliseconds; not a number when there is none. */
export function timeOf(time: string | null | undefined): number {
  return time ? Date.parse(time) : Number.NaN;
}
