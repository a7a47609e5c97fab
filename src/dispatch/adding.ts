/**
 * Who put a label on, and when. Where the webhook does not say, the issue's own timeline is asked: a set that has grown
 * by more than one label tells of changes of several people, of whom the sender made but the last. Decides nothing.
 */
import type { Forge } from "../forges/forge.ts";
import type { LabelsChanged } from "../model/event.ts";
import { isFinal } from "./failure.ts";

export interface Adding {
  readonly by: LabelsChanged["by"];
  /** Epoch milliseconds on the forge's clock. */
  readonly at: number;
  /** `sender`: the event's, since nothing else was changed. `guess`: the sender's, but another may have done it. */
  readonly known: "told" | "sender" | "guess";
}

/** How long a forge that does not answer is asked again: other commands of the issue wait meanwhile. */
const PATIENCE_MS = 10 * 60_000;

/** `before` are the labels as they were last known, and `since` when that was. `now` is epoch milliseconds. */
export async function addingOf(
  label: string,
  event: LabelsChanged,
  before: { readonly labels: readonly string[]; readonly at: number },
  forge: Forge,
  now: () => number,
): Promise<Adding> {
  const { by, at, labels, added } = event;
  if (added !== null) return { by, at, known: "told" };
  const isAlone =
    before.labels.every((one) => labels.includes(one)) && labels.length === before.labels.length + 1;
  const otherwise: Adding = { by, at, known: isAlone ? "sender" : "guess" };
  try {
    const span = { since: before.at, until: at };
    const told = await forge.labeledBy?.(event.repo, event.issue.number, label, span);
    return told ? { ...told, known: "told" } : otherwise;
  } catch (error) {
    if (isFinal(error) || isAlone || now() - at > PATIENCE_MS) return otherwise;
    throw error;
  }
}
