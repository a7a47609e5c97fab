/**
 * Stopwatch and booked time. An account has one running stopwatch in the whole instance, and starting another
 * silently ends it and books its time: so the clock is only a show, and the run's exact seconds are what is booked.
 *
 * An attempt is booked once: its entry is dated with the attempt's end, to the second, which two attempts on one issue
 * do not share. Before booking, an entry of ours with that date and those seconds is looked for. (Forgejo keeps no
 * text with an entry, so the key itself cannot be stored.)
 */
import type { AddTimeOption, StopWatch, TrackedTime } from "@llamaduck/forgejo-ts";
import { ForgeError } from "../../model/errors.ts";
import type { Actor, RepoRef } from "../../model/run.ts";
import type { Booked, Forge, StillOurs, TimeEntry } from "../forge.ts";
import { type Api, at, named } from "./api.ts";

type Time = Pick<Forge, "startStopwatch" | "bookTime">;

const ISSUE = "/repos/{owner}/{repo}/issues/{index}";
/** Time tracking is off for the repository or the instance, or this account may not use it. */
const OFF = [400, 403, 404];

export function forgejoTime(api: Api, self: () => Promise<Actor>): Time {
  /** One start at a time: two that both see no clock would both start one, and the second would book the first's. */
  let starting: Promise<unknown> = Promise.resolve();
  return {
    startStopwatch(repo, issue, stillOurs) {
      const started = starting.then(() => startStopwatch(api, repo, issue, stillOurs));
      starting = started.catch(() => {});
      return started;
    },
    bookTime: async (repo, issue, entry, stillOurs) =>
      bookTime(api, await self(), repo, issue, entry, stillOurs),
  };
}

async function startStopwatch(api: Api, repo: RepoRef, issue: number, stillOurs: StillOurs): Promise<void> {
  const action = `starting the stopwatch on ${named(repo, issue)}`;
  const running = await api.callUnless<StopWatch[]>(OFF, action, "GET /user/stopwatches");
  if (running === null || running.data.length > 0) return;
  // Else it could begin after the run's time was booked, and nobody would end it. 409: another worker was faster.
  const route = `POST ${ISSUE}/stopwatch/start`;
  await api.callUnless([...OFF, 409], action, route, at(repo, issue), { stillOurs });
}

async function bookTime(
  api: Api,
  self: Actor,
  repo: RepoRef,
  issue: number,
  entry: TimeEntry,
  stillOurs: StillOurs,
): Promise<Booked> {
  const action = `booking time on ${named(repo, issue)}`;
  // Deleted, not stopped: stopping would book its own seconds too. 409: none runs here.
  await api.callUnless([...OFF, 409], action, `DELETE ${ISSUE}/stopwatch/delete`, at(repo, issue));
  const seconds = Math.round(entry.seconds);
  // Forgejo refuses an entry of no time.
  if (seconds <= 0) return "shown in the comment";
  const created = new Date(Math.floor(entry.endedAt / 1000) * 1000).toISOString();
  const booked = await bookedAt(api, self, repo, issue, created, action);
  if (booked === null) return "shown in the comment";
  if (booked.some(({ time }) => time === seconds)) return "booked";
  const input = { time: seconds, created } satisfies AddTimeOption;
  const route = `POST ${ISSUE}/times`;
  const parameters = { ...at(repo, issue), ...input };
  const reply = await api.callUnless<TrackedTime>([400, 403], action, route, parameters, { stillOurs });
  if (reply === null) return "shown in the comment";
  const { time, user_name: name } = reply.data;
  if (time !== seconds || name !== self.login) {
    throw new ForgeError(`${action}: the forge booked ${time} s for ${name} instead`, 200, false);
  }
  return "booked";
}

/** Our entries of that very second; null when time tracking is off. */
async function bookedAt(
  api: Api,
  self: Actor,
  repo: RepoRef,
  issue: number,
  created: string,
  action: string,
): Promise<readonly TrackedTime[] | null> {
  const parameters = { ...at(repo, issue), user: self.login, since: created };
  try {
    const entries = await api.all<TrackedTime>(action, `GET ${ISSUE}/times`, parameters);
    const second = Date.parse(created);
    return entries.filter((one) => one.user_id === self.id && Date.parse(one.created ?? "") === second);
  } catch (error) {
    if (error instanceof ForgeError && OFF.includes(error.status)) return null;
    throw error;
  }
}
