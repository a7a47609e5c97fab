/** Figures as they are printed at the end. Pure. */

/** The value below which this part of all lies; null of nothing. */
export function percentile(values: readonly number[], part: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? null;
}

/** `p50 0.8 s, max 2.1 s (of 49)`. */
export function spread(values: readonly number[]): string {
  const p50 = percentile(values, 0.5);
  return p50 === null
    ? "none"
    : `p50 ${seconds(p50)}, max ${seconds(Math.max(...values))} (of ${values.length})`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** How often each was there, the most frequent first. */
export function tally(names: readonly string[]): string {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length] as const);
  return (
    counts
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none"
  );
}
