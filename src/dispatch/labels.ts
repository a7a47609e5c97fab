/**
 * Which labels an event put on an issue, and whether that was judged before. GitHub's webhooks say what was added, and
 * so does a look back at missed events. Forgejo's webhooks only tell the whole new set: what was added is what the
 * remembered set does not hold, so the set is remembered from every event of the issue that tells it.
 *
 * The same adding may be told twice, by a webhook and by a look back, with different keys. So it is remembered too when
 * each label that commands was last judged (served or refused): what happened then or before says nothing any more.
 * Nor does a label whose run is under way, and a late webhook does not bring an older set back.
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

export interface Judged {
  /** Of the labels that were added, the first that commands; null when there is none, or it was judged before. */
  readonly wanted: Wanted | null;
  /** To be settled in any case. */
  readonly remembered: Response;
}

/** What is remembered of an issue. Times are epoch milliseconds on the forge's clock. */
interface Memory {
  readonly labels: readonly string[];
  /** When the labels were so; 0 when that is not known. */
  readonly at: number;
  /** Label → when its newest judged adding happened. */
  readonly judged: ReadonlyMap<string, number>;
}

/** GitHub's webhook and its timeline tell one adding with times that may differ by so much. */
const GITHUB_SAME_MS = 2_000;
/** How many of an issue's runs are looked at. */
const RUNS = 20;

export async function judgeLabels(event: LabelsChanged, forge: Forge, deps: LabelDeps): Promise<Judged> {
  const { repo, issue, labels, at } = event;
  const before = recall(await deps.store.labels(repo, issue.number));
  const isLate = at < before.at;
  const added = event.added !== null ? [event.added] : isLate ? [] : without(labels, before.labels);
  const commanding = added.flatMap((label) => {
    const agent = deps.parseLabel(label)?.agent;
    return agent ? [{ label, agent }] : [];
  });
  const [first = null] = commanding;
  const isKnown = first !== null && (await wasJudged(first.label, event, before, forge, deps));
  const judged = new Map(before.judged);
  for (const { label } of commanding) judged.set(label, Math.max(at, judged.get(label) ?? 0));
  const after: Memory = isLate ? { ...before, judged } : { labels, at, judged };
  return { wanted: isKnown ? null : first, remembered: remember(event, after) };
}

/**
 * A set that lacks the label tells that it was taken off: what it is added by afterwards was not judged. Where GitHub's
 * two times could mean one adding, a run of it that has ended decides: its label was taken off, so it was added anew.
 */
async function wasJudged(
  label: string,
  event: LabelsChanged,
  before: Memory,
  forge: Forge,
  { store }: LabelDeps,
): Promise<boolean> {
  const { repo, issue, at } = event;
  const active = await store.activeRun(repo, issue.number);
  if (active?.trigger.label === label) return true;
  if (event.added === null) return false;
  const latest = at - (forge.kind === "github" ? GITHUB_SAME_MS : 0);
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

function remember({ repo, issue }: Pick<LabelsChanged, "repo" | "issue">, memory: Memory): Response {
  const labels = [...memory.labels, ...marksOf(memory)];
  return { changes: [{ kind: "labels", repo, issue: issue.number, labels }], effects: [] };
}

/** The store keeps words for an issue. A mark begins with a tab, which no label does: its time, and its label if any. */
const MARK = /^\t(\d+)(?:\t(.*))?$/s;

function marksOf({ at, judged }: Memory): readonly string[] {
  const marks = [...judged].map(([label, time]) => `\t${time}\t${label}`);
  return at > 0 ? [`\t${at}`, ...marks] : marks;
}

function recall(words: readonly string[] | null): Memory {
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

function without(labels: readonly string[], known: readonly string[]): readonly string[] {
  return labels.filter((label) => !known.includes(label));
}
