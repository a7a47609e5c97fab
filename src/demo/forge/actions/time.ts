/** Stopwatches and booked time, with Forgejo's rule of one running stopwatch per user in the whole instance. */
import type { Instance } from "../instance.ts";
import type { Issue, TimeEntry, User } from "../state.ts";

/** False when it already runs on this issue. One that runs elsewhere is silently stopped, and its time booked. */
export function startStopwatch(instance: Instance, issue: Issue, by: User): boolean {
  const { stopwatches } = instance.state;
  if (stopwatches.get(by.id)?.issue === issue) return false;
  endStopwatch(instance, by, true);
  stopwatches.set(by.id, { issue, startedAt: instance.now() });
  return true;
}

/** False when none runs on this issue. */
export function stopStopwatch(instance: Instance, issue: Issue, by: User, book: boolean): boolean {
  if (instance.state.stopwatches.get(by.id)?.issue !== issue) return false;
  endStopwatch(instance, by, book);
  return true;
}

function endStopwatch(instance: Instance, by: User, book: boolean): void {
  const running = instance.state.stopwatches.get(by.id);
  if (!running) return;
  instance.state.stopwatches.delete(by.id);
  const seconds = Math.floor((instance.now() - running.startedAt) / 1000);
  if (book) addTime(instance, running.issue, by, seconds, instance.now());
}

export function addTime(instance: Instance, issue: Issue, by: User, seconds: number, at: number): TimeEntry {
  const entry = { id: instance.state.nextId(), by, seconds, at };
  issue.times.push(entry);
  return entry;
}
