/**
 * Which labels an event put on an issue. GitHub says so. Forgejo only tells the whole new set: what was added is what
 * the remembered set does not hold, so the set is remembered from every event of the issue that tells it.
 *
 * An issue that is older than the bot is seen for the first time with nothing remembered. A label that commands counts
 * as added then: that is why most people touch the labels of an issue the bot never saw. One that had stood there
 * unserved for years would be served when the next label is added, to someone who may write.
 */
import type { Forge } from "../forges/forge.ts";
import type { CommentCreated, LabelsChanged } from "../model/event.ts";
import type { Store } from "../store/store.ts";
import { nothing, type Response } from "./response.ts";

export interface LabelDeps {
  readonly store: Store;
  readonly parseLabel: (label: string) => { readonly agent: string } | null;
}

/** The label that commands. */
export interface Wanted {
  readonly label: string;
  readonly agent: string;
}

/** Of the labels that were added, the first that commands; null when there is none. */
export async function wantedLabel(event: LabelsChanged, deps: LabelDeps): Promise<Wanted | null> {
  for (const label of await addedLabels(event, deps)) {
    const agent = deps.parseLabel(label)?.agent;
    if (agent) return { label, agent };
  }
  return null;
}

async function addedLabels(event: LabelsChanged, { store }: LabelDeps): Promise<readonly string[]> {
  if (event.added !== null) return [event.added];
  const before = await store.labels(event.repo, event.issue.number);
  return event.labels.filter((label) => !before?.includes(label));
}

export function remember({ repo, issue, labels }: LabelsChanged): Response {
  return { changes: [{ kind: "labels", repo, issue: issue.number, labels }], effects: [] };
}

/**
 * A comment tells the labels too. Taken only when none are known yet, and never with one that commands: the event of
 * its being added may still be on its way.
 */
export async function labelsSeen(
  { repo, issue }: CommentCreated,
  forge: Forge,
  deps: LabelDeps,
): Promise<Response> {
  if (forge.kind !== "forgejo" || issue.labels.some((label) => deps.parseLabel(label))) return nothing;
  if ((await deps.store.labels(repo, issue.number)) !== null) return nothing;
  return { changes: [{ kind: "labels", repo, issue: issue.number, labels: issue.labels }], effects: [] };
}
