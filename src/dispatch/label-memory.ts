/** What is remembered of an issue's labels, as the words that the store keeps. Pure. */
import type { LabelsChanged } from "../model/event.ts";
import type { Response } from "./response.ts";

/** Times are epoch milliseconds on the forge's clock. */
export interface Memory {
  readonly labels: readonly string[];
  /** When the labels were so; 0 when that is not known. */
  readonly at: number;
  /** Label → when its newest judged adding happened. */
  readonly judged: ReadonlyMap<string, number>;
}

export function remember({ repo, issue }: Pick<LabelsChanged, "repo" | "issue">, memory: Memory): Response {
  const labels = [...memory.labels, ...marksOf(memory)];
  return { changes: [{ kind: "labels", repo, issue: issue.number, labels }], effects: [] };
}

/** The store keeps words for an issue. A mark begins with a tab, which no label does: its time, and its label if any. */
const MARK = /^\t(\d+)(?:\t(.*))?$/s;

function marksOf({ at, judged }: Memory): readonly string[] {
  const marks = [...judged].map(([label, time]) => `\t${time}\t${label}`);
  return at > 0 ? [`\t${at}`, ...marks] : marks;
}

/** `words` are null for an issue that was never seen. */
export function recall(words: readonly string[] | null): Memory {
  const labels: string[] = [];
  const judged = new Map<string, number>();
  let at = 0;
  for (const word of words ?? []) {
    const [isMark, time, label] = MARK.exec(word) ?? [];
    if (isMark === undefined) labels.push(word);
    else if (label === undefined) at = Number(time);
    else judged.set(label, Number(time));
  }
  return { labels, at, judged };
}
