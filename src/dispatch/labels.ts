/**
 * Which labels an event put on an issue, and whether that was judged before. GitHub's webhooks say what was added, and
 * so does a look back at missed events. Forgejo's webhooks only tell the whole new set: what was added is what the
 * remembered set does not hold, so the set is remembered from every event of the issue that tells it. Since an event
 * may have been missed, the sender need not be who added it: that is asked for (`adding.ts`).
 *
 * The same adding may be told twice, by a webhook and by a look back, with different keys. So it is remembered too when
 * each label that commands was last judged (served or refused): what happened then or before says nothing any more.
 * Nor does what began the run that is under way, and a late webhook does not bring an older set back. A label that is
 * put on again meanwhile counts: its person is told that the issue is busy.
 *
 * An issue that is older than the bot is seen for the first time with nothing remembered. A label that commands counts
 * as added then, unless the forge tells that it has stood there too long.
 */
import type { Forge } from "../forges/forge.ts";
import type { CommentCreated, LabelsChanged } from "../model/event.ts";
import type { Store } from "../store/store.ts";
import { type Adding, addingOf } from "./adding.ts";
import { type Memory, recall, remember } from "./label-memory.ts";
import { nothing, type Response } from "./response.ts";

export interface LabelDeps {
  readonly store: Store;
  readonly parseLabel: (label: string) => { readonly agent: string } | null;
  readonly now: () => number;
}

/** The label that commands. */
export interface Wanted extends Adding {
  readonly label: string;
  readonly agent: string;
}

export interface Judged {
  /** Of the labels that were added and command, the one put on first; null when there is none that was not judged before. */
  readonly wanted: Wanted | null;
  /** To be settled in any case. */
  readonly remembered: Response;
}

/** GitHub's webhook and its timeline tell one adding with times that may differ by so much. */
const GITHUB_SAME_MS = 2_000;
/** How many of an issue's runs are looked at. */
const RUNS = 20;
/** As long as a look goes back: after more, nobody waits for an agent any more. */
const OLDEST_MS = 7 * 24 * 3_600_000;

/** Throws what may pass by itself, when it cannot be found out who added a label. */
export async function judgeLabels(event: LabelsChanged, forge: Forge, deps: LabelDeps): Promise<Judged> {
  const { repo, issue, labels, at } = event;
  const before = recall(await deps.store.labels(repo, issue.number));
  const isLate = at < before.at;
  const added = event.added !== null ? [event.added] : isLate ? [] : without(labels, before.labels);
  const commanding: Wanted[] = [];
  for (const label of added) {
    const agent = deps.parseLabel(label)?.agent;
    if (agent) commanding.push({ label, agent, ...(await addingOf(label, event, before, forge, deps.now)) });
  }
  commanding.sort((a, b) => a.at - b.at);
  let wanted: Wanted | null = null;
  let left: readonly Wanted[] = [];
  for (const [index, one] of commanding.entries()) {
    if (at - one.at > OLDEST_MS || (await wasJudged(one, event, before, forge, deps))) continue;
    wanted = one;
    // What another put on, or somebody later, is a command of its own: unknown still, the next event tells of it again.
    left = commanding.slice(index + 1).filter(({ by, at: later }) => by.id !== one.by.id || later > one.at);
    break;
  }
  const judged = new Map(before.judged);
  for (const one of without(commanding, left))
    judged.set(one.label, Math.max(one.at, judged.get(one.label) ?? 0));
  const known = without(
    labels,
    left.map(({ label }) => label),
  );
  // When they were so: before the first that stays unknown was put on, or who did that could not be asked for any more.
  const since = Math.min(at, ...left.map((one) => one.at));
  const after: Memory = isLate ? { ...before, judged } : { labels: known, at: since, judged };
  return { wanted, remembered: remember(event, after) };
}

/**
 * A set that lacks the label tells that it was taken off: what it is added by afterwards was not judged. Where GitHub's
 * two times could mean one adding, a run of it that has ended decides: its label was taken off, so it was added anew.
 */
async function wasJudged(
  { label, at, known }: Wanted,
  { repo, issue }: LabelsChanged,
  before: Memory,
  forge: Forge,
  { store }: LabelDeps,
): Promise<boolean> {
  const latest = at - (forge.kind === "github" ? GITHUB_SAME_MS : 0);
  const active = await store.activeRun(repo, issue.number);
  if (active?.trigger.label === label && active.trigger.at >= latest) return true;
  if (known !== "told") return false;
  const judged = before.judged.get(label);
  if (judged !== undefined && (judged >= at || judged < latest)) return judged >= at;
  const runs = await store.runs({ repo, issue: issue.number, limit: RUNS });
  const ofLabel = runs.filter(({ trigger }) => trigger.label === label);
  if (judged !== undefined) return !ofLabel.some(({ trigger }) => trigger.at === judged);
  // Nothing is remembered of what was judged by earlier versions, but for the runs.
  return ofLabel.some(({ trigger }) => trigger.at >= latest);
}

/**
 * A comment tells the labels too. Taken only when none are known yet, and never with one that commands: the event of
 * its being added may still be on its way.
 */
export async function labelsSeen(event: CommentCreated, forge: Forge, deps: LabelDeps): Promise<Response> {
  const { repo, issue } = event;
  if (forge.kind !== "forgejo" || issue.labels.some((label) => deps.parseLabel(label))) return nothing;
  if ((await deps.store.labels(repo, issue.number)) !== null) return nothing;
  return remember(event, { labels: issue.labels, at: 0, judged: new Map() });
}

function without<T>(all: readonly T[], these: readonly T[]): readonly T[] {
  return all.filter((one) => !these.includes(one));
}
