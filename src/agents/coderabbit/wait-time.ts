/** How long to wait, out of CodeRabbit's words: "12 minutes and 30 seconds". */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds; null when it tells none, or a number without a unit. */
export function parseWaitTime(words: string): number | null {
  let total = 0;
  for (const [, amount, unit] of words.matchAll(/(\d+(?:\.\d+)?)\s*(d|h|m|s)(?:[a-z]*)\b/gi)) {
    total += Number(amount) * (UNIT_MS[unit?.toLowerCase() ?? ""] ?? 0);
  }
  return total > 0 ? total : null;
}
