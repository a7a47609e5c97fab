/** What kind of comment the bot wrote: by its first words, its footer and its invisible marker. Pure. */
import { createHash } from "node:crypto";

export interface Written {
  readonly id: string;
  readonly body: string;
  readonly at: number;
}

const FINAL = /^(?:✅|❌|🛑|⏱️|❓) \*\*/u;
const BUSY = /^A run (?:is here already|waits for an answer):/u;

export function isFinal({ body }: Written): boolean {
  return FINAL.test(body);
}

/** A command refused because a run was there. */
export function isBusy({ body }: Written): boolean {
  return BUSY.test(body);
}

/** The run a comment is about; null when it names none. */
export function runOf({ body }: Written): string | null {
  return /<sub>.*\brun `([^`]+)`/u.exec(body)?.[1] ?? null;
}

/** The invisible mark of what the comment is an effect of; null without one. */
export function marker({ body }: Written): string | null {
  return /<!-- agent-dispatch:effect=(\w+) -->/.exec(body)?.[1] ?? null;
}

/** The mark of a run's one status comment; a reply to `/dispatch status` has the same words and another mark. */
export function statusMarker(run: string): string {
  return createHash("sha256").update(`status:${run}`).digest("hex").slice(0, 32);
}

/** Each effect once, and those that are there more often. */
export function onceEach<T extends Written>(
  comments: readonly T[],
): { readonly once: readonly T[]; readonly again: readonly T[] } {
  const seen = new Set<string>();
  const once: T[] = [];
  const again: T[] = [];
  for (const comment of comments) {
    const mark = marker(comment) ?? `no mark, comment ${comment.id}`;
    (seen.has(mark) ? again : once).push(comment);
    seen.add(mark);
  }
  return { once, again };
}
