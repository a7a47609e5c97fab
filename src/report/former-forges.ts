/**
 * Forges that were taken out of the configuration. Nobody can bring their effects any more, so those are given up, each
 * with a warning, instead of waiting for ever. A forge is known to have been there by a bookmark that is read once, at
 * the start: one that is new, and that only another process was started with so far, is none of them.
 */

import { told } from "./deliver.ts";
import { HOLD_MS } from "./hold.ts";
import type { OutboxOptions } from "./outbox.ts";

type Options = Pick<OutboxOptions, "store" | "forges" | "log">;

const BOOKMARK = "outbox:forges";
const AT_ONCE = 8;

/** Their names; remembers those of today. */
export async function formerForges({ store, forges }: Options): Promise<readonly string[]> {
  const word = await store.bookmark(BOOKMARK);
  const known: readonly string[] = word === null ? [] : JSON.parse(word);
  const all = new Set([...known, ...forges.keys()]);
  if (all.size > known.length) await store.setBookmark(BOOKMARK, JSON.stringify([...all]));
  return known.filter((name) => !forges.has(name));
}

/** Gives up what is due of theirs; how many effects that were. */
export async function giveUpFor(former: readonly string[], { store, log }: Options): Promise<number> {
  if (former.length === 0) return 0;
  const effects = await store.takeEffects(former, AT_ONCE, HOLD_MS);
  for (const effect of effects) {
    const reason = "its forge is not configured any more";
    log.warn({ ...told(effect), reason }, "effect given up");
    await store.delayEffect(effect.id, null, reason);
  }
  return effects.length;
}
