/**
 * The books of labels. One label may be put on an issue several times: each time is a command of its own, which has a run
 * or is refused with a reason. Nothing on the forge says which run is of which time, so they are counted. Pure.
 */
import type { Page } from "./book-commands.ts";
import type { Command, Finding } from "./facts.ts";

interface Count {
  readonly label: string;
  readonly runs: readonly string[];
  /** How often it was put on, and of those, how often it may have been passed over. */
  readonly times: number;
  readonly fleeting: number;
}

/** More runs than it was put on. */
export function labelFindings(page: Page): readonly Finding[] {
  return counted(page)
    .filter(({ runs, times }) => runs.length > times)
    .map(({ label, runs, times }) => ({
      count: "doubled",
      by: runs.length - times,
      evidence: `${page.facts.issue} label ${label}: put on ${times} times, runs ${runs.join(", ")}`,
    }));
}

/** How many of an issue's labels must have been, and may have been, refused: those that have no run. */
export function refusedLabels(page: Page): { readonly least: number; readonly most: number } {
  const counts = counted(page).map(({ runs, times, fleeting }) => ({
    least: Math.max(0, times - fleeting - runs.length),
    most: Math.max(0, times - runs.length),
  }));
  const sum = (of: "least" | "most") => counts.reduce((total, one) => total + one[of], 0);
  return { least: sum("least"), most: sum("most") };
}

function counted({ commands, runs }: Page): readonly Count[] {
  const labels = commands.filter(({ kind }) => kind === "label");
  return [...Map.groupBy(labels, ({ ref }: Command) => ref)].map(([label, times]) => ({
    label,
    runs: runs.filter(({ trigger }) => trigger === label).map(({ id }) => id),
    times: times.length,
    fleeting: times.filter(({ fleeting }) => fleeting).length,
  }));
}
