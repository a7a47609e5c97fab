/** The command or option a misspelt one was probably meant to be. */

/** Null when nothing is near: two letters may differ, a third of a long word, never all. */
export function nearest(word: string, known: readonly string[]): string | null {
  const most = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3)));
  const ranked = known
    .map((candidate) => ({ candidate, apart: distance(word.toLowerCase(), candidate) }))
    .filter(({ apart }) => apart <= most)
    .toSorted((a, b) => a.apart - b.apart);
  return ranked[0]?.candidate ?? null;
}

/** Letters to add, drop or change; a swap of two neighbours counts as two. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + change);
    }
    row = next;
  }
  return row[b.length]!;
}
