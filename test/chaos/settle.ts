/**
 * After the chaos: everything heals, people give up what would work for ever, and the books are looked at until they are
 * clean, or until the deadline. What is wrong then is a finding.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { findings } from "./books.ts";
import type { Crowd } from "./crowd.ts";
import type { Facts, Finding } from "./facts.ts";
import { seconds } from "./figures.ts";
import type { Setting } from "./setting.ts";
import type { StoreView } from "./store-view.ts";
import type { Wire } from "./wire.ts";

export interface SettleOptions {
  readonly crowd: Crowd;
  readonly wire: Pick<Wire, "pending">;
  /** Of the bots to the forge. */
  readonly setting: Pick<Setting, "pending">;
  readonly view: StoreView;
  readonly facts: () => Promise<Facts>;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const LOOK_MS = 1000;
const PROGRESS_MS = 5000;
/** What two looks for missed events (30 s apart at the least) have not mended in peace is not mended any more. */
const PEACE_MS = 75_000;

/** Resolves when the books are clean, or with what is wrong at the deadline. */
export async function settle(options: SettleOptions): Promise<readonly Finding[]> {
  const { crowd, wire, setting, view, facts, deadlineMs, signal, say } = options;
  const begun = performance.now();
  let found: readonly Finding[] = [];
  let told = begun;
  let stirred = begun;
  let before = "";
  while (performance.now() - begun < deadlineMs && !signal.aborted) {
    crowd.follow();
    const now = await facts().catch(() => null);
    const sight = await view.sight().catch(() => null);
    if (now && sight) {
      endTheLong(now, crowd);
      found = findings(now);
      const open = [
        sight.held.length,
        sight.queued,
        sight.openDeliveries,
        sight.waitingEffects,
        wire.pending() + setting.pending(),
      ];
      const isQuiet = open.every((count) => count === 0);
      if (isQuiet && found.length === 0) return found;
      const after = found.map(({ evidence }) => evidence).join("\n");
      if (!isQuiet || after !== before) stirred = performance.now();
      before = after;
      if (performance.now() - stirred > PEACE_MS) return found;
      if (performance.now() - told >= PROGRESS_MS) {
        told = performance.now();
        const [working, queued, toRead, toTell, coming] = open;
        say(
          `settling ${seconds(told - begun)}: ${found.length} findings, ${working} working, ${queued} queued, ` +
            `${toRead} to read, ${toTell} to tell, ${coming} on the way`,
        );
      }
    }
    await sleep(LOOK_MS);
  }
  return found;
}

/**
 * A run that works for ever is cancelled by somebody who sees it, unless it was already: a cancel that was accepted and
 * did nothing must not be made good by another one. One that was not read yet may be what ends it.
 */
export function endTheLong({ store, commands, issues }: Facts, crowd: Pick<Crowd, "cancel">): void {
  for (const run of store.runs) {
    if (run.state !== "running" || !run.isLong || run.cancelled) continue;
    const begun = run.events.findLast(({ to }) => to === "queued")?.at ?? 0;
    const page = issues.find(({ issue }) => issue === run.issue);
    const asked = commands.filter(({ kind, issue }) => kind === "cancel" && issue === run.issue);
    const isPending = asked.some(({ ref, at }) => {
      const reactions = page?.reactions.get(ref) ?? [];
      return reactions.length === 0 || (at > begun && reactions.includes("eyes"));
    });
    if (!isPending) crowd.cancel(run.issue);
  }
}
