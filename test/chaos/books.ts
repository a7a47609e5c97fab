/**
 * The books: from facts to findings. Pure. Nothing here is asked of the bot's own opinion where the forge or the agents
 * can tell: that a command was accepted is told by its reaction, how often a run was answered by the comments.
 *
 * Which commands must be accepted can not be said beforehand, since they race with runs that end: a command is
 * refused rightly when there was a run in its way (or none to act on). So each is held to be served one way or the
 * other, once; and a refused dispatch must name a run that was active on that issue when it was refused.
 */
import { agentFindings } from "./book-agents.ts";
import { commandFindings } from "./book-commands.ts";
import { runFindings } from "./book-runs.ts";
import { timeFindings } from "./book-time.ts";
import type { Count, Facts, Finding } from "./facts.ts";

export const COUNTS: readonly Count[] = ["lost", "doubled", "unanswered", "seconds_off", "orphans"];

export function findings(facts: Facts): readonly Finding[] {
  return [
    ...commandFindings(facts),
    ...runFindings(facts),
    ...timeFindings(facts),
    ...agentFindings(facts),
    ...facts.overlaps.map((evidence) => one("doubled", `two agents at once: ${evidence}`)),
    ...facts.store.givenUp
      .filter((line) => !isOfDeleted(line, facts))
      .map((evidence) => one("unanswered", `given up: ${evidence}`)),
    ...facts.store.setAside.map((evidence) => one("lost", `set aside: ${evidence}`)),
    ...facts.leftovers.map((evidence) => one("orphans", evidence)),
  ];
}

/** There is nothing left to react to. */
function isOfDeleted(givenUp: string, { commands }: Facts): boolean {
  const ref = / react:\w+:\S*#comment:(\d+): /.exec(givenUp)?.[1];
  return ref !== undefined && commands.some((command) => command.ref === ref && command.deleted);
}

export function totals(found: readonly Finding[]): Readonly<Record<Count, number>> {
  const sums = { lost: 0, doubled: 0, unanswered: 0, seconds_off: 0, orphans: 0 };
  for (const { count, by } of found) sums[count] += by;
  return sums;
}

/** The last line of the suite. */
export function lastLine(kills: number, commands: number, found: readonly Finding[]): string {
  const sums = totals(found);
  return `kills=${kills} commands=${commands} ${COUNTS.map((count) => `${count}=${sums[count]}`).join(" ")}`;
}

function one(count: Count, evidence: string): Finding {
  return { count, by: 1, evidence };
}
