/**
 * A round through all repositories, by name. It takes one look, or many: each goes on where the last one stopped, within
 * a repository too. One that fails is passed by, noted with the time since which it was not looked at, and read from
 * there in the next round; so is whatever may have happened in it found late, and nothing else.
 */
import { ForgeError, messageOf } from "../../model/errors.ts";
import type { RepoRef } from "../../model/run.ts";
import type { Lookback } from "../forge.ts";
import type { Found } from "./found.ts";
import { before, type Calls, endsLook, isGone, iso, type Mark } from "./look.ts";
import { type Scanned, scanRepository } from "./scan-repository.ts";

/** Repositories noted one by one; when more failed, the next round begins where this one did. */
const MOST_NOTED = 200;

export interface Round {
  readonly ask: Calls["ask"];
  readonly look: Lookback;
  readonly mark: Mark;
  /** ISO, on GitHub's clock. */
  readonly began: string;
  /** By name in lower case. */
  readonly repositories: ReadonlyMap<string, RepoRef>;
  readonly self: number;
  /** What their lists were last known as; kept up to date. */
  readonly etags: Map<string, string | null>;
  /** Those not looked at since an earlier time than the others, in ISO; kept up to date. */
  readonly again: Map<string, string>;
  readonly happened: Found[];
  readonly troubles: Set<string>;
  readonly isEnough: () => boolean;
}

/** Where a look stopped. */
export type Place = Pick<NonNullable<Mark["rest"]>, "from" | "within">;

const START: Place = { from: "", within: null };

/** `place` is null when the round is through; `failure` is what ended it before. */
export async function goOn(
  round: Round,
): Promise<{ readonly place: Place | null; readonly failure: unknown }> {
  let place: Place = round.mark.rest ?? START;
  const names = [...round.repositories].filter(([name]) => name > place.from);
  names.sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [index, [name, repo]] of names.entries()) {
    if (index > 0 && round.isEnough()) return { place, failure: null };
    const begun = place.within?.name === name ? place.within.until : null;
    const { until, failure } = await lookAt(round, name, repo, begun);
    if (until !== null) place = { ...place, within: { name, until } };
    if (until !== null || failure !== null) return { place, failure };
    place = { from: name, within: null };
  }
  return { place: null, failure: null };
}

/** `until` is where it stopped within the repository, null when it did not; a `failure` is one that ends the look. */
async function lookAt(round: Round, name: string, repo: RepoRef, begun: string | null) {
  const { look, etags, again, mark } = round;
  const noted = again.get(name) ?? mark.since;
  const since = Math.max(Date.parse(noted), look.notBefore);
  const from = Math.max(since, Date.parse(begun ?? noted));
  const etag = etags.get(name) ?? null;
  const scanned: Scanned = { happened: round.happened, until: from, etag };
  const stopped = () => (scanned.until > from && Number.isFinite(scanned.until) ? iso(scanned.until) : null);
  etags.delete(name);
  try {
    await scanRepository({ ...round, repo, since, etag }, scanned);
    if (stopped() !== null) return { until: stopped(), failure: null };
    etags.set(name, scanned.etag);
    again.delete(name);
  } catch (error) {
    if (endsLook(error, look)) return { until: stopped(), failure: error };
    passBy(round, name, noted, error);
  }
  return { until: null, failure: null };
}

function passBy({ again, troubles }: Round, name: string, noted: string, error: unknown): void {
  if (isGone(error)) again.delete(name);
  else again.set(name, noted);
  // What is not there is nobody's trouble; what is there and closed to us may be.
  if (!isGone(error) || (error instanceof ForgeError && error.status === 403)) troubles.add(messageOf(error));
}

/** Whether a look was of any use, though it found nothing. */
export function hasMoved(mark: Mark, place: Place | null): boolean {
  const { from, within } = mark.rest ?? START;
  return place === null || place.from !== from || place.within?.until !== within?.until;
}

export function nextMark({ mark, began, repositories, again }: Round, place: Place | null): Mark {
  const noted = [...again].filter(([name]) => repositories.has(name));
  const rest = place && { began, ...place };
  const kept = { rest, repositories: Object.fromEntries(noted), entries: [] };
  if (place !== null) return { ...kept, since: mark.since };
  if (noted.length <= MOST_NOTED) return { ...kept, since: before(began) };
  const times = [mark.since, ...noted.map(([, since]) => since)];
  return { ...kept, since: iso(Math.min(...times.map((one) => Date.parse(one)))), repositories: {} };
}
