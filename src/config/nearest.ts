/** The known word a misspelt one was probably meant to be. */

/** Null when nothing is near: at most a third of the letters may differ. A swap of two neighbours counts as one. */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const apart = distance(wanted, candidate.toLowerCase());
    if (apart < least) {
      least = apart;
      best = candidate;
    }
  }
  return best;
}

function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      next[j] = cost;
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** Says that a word is not one of the known ones. A long word is not repeated: it may be a secret in the wrong place. */
export function unknownWord(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const shown = word.length <= 20 ? `"${word}" is not one of them` : "is not one of them";
  return meant ? `${shown}; did you mean "${meant}"?` : shown;
}
