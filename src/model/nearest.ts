/** The known word a misspelt one was probably meant to be: commands, agents, keys, templates, flags. */

/**
 * The first of `known` within `limit` edits (insert, delete, replace, swap two neighbours), case aside; null when none
 * is. Without a limit: a third of the letters, at least one.
 */
export function nearest(word: string, known: readonly string[], limit = aThird(word)): string | null {
  let best: string | null = null;
  let least = limit + 1;
  for (const candidate of known) {
    const apart = editDistance(word.toLowerCase(), candidate.toLowerCase(), limit);
    if (apart < least) {
      least = apart;
      best = candidate;
    }
  }
  return best;
}

function aThird(word: string): number {
  return Math.max(1, Math.floor(word.length / 3));
}

/** Optimal string alignment distance, or `limit + 1` when the lengths alone differ by more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
