/** Durations and sizes as people write them. A number without a unit is refused, so nobody has to guess. */

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

export const DURATION = /^[1-9]\d{0,8}(ms|s|m|h|d)$/;
export const SIZE = /^[1-9]\d{0,8}[kmg]$/;

/** Timers of Node cannot wait longer than 24 days; nothing here should wait even half of that. */
export const LONGEST_MS = 240 * DURATION_UNITS.h;
/** Of what no timer waits for: ten years. */
export const OLDEST_MS = 3650 * DURATION_UNITS.d;

/** Milliseconds of a text that matches DURATION. */
export function durationMs(text: string): number {
  const unit = text.replace(/^\d+/, "") as keyof typeof DURATION_UNITS;
  return Number.parseInt(text, 10) * DURATION_UNITS[unit];
}

/** Bytes of a text that matches SIZE; `k`, `m` and `g` are powers of 1024. */
export function sizeBytes(text: string): number {
  return Number.parseInt(text, 10) * SIZE_UNITS[text.slice(-1) as keyof typeof SIZE_UNITS];
}

/** A duration as people write it: the largest unit that divides it. */
export function durationText(ms: number): string {
  const unit = (["d", "h", "m", "s"] as const).find((name) => ms % DURATION_UNITS[name] === 0) ?? "ms";
  return `${ms / DURATION_UNITS[unit]}${unit}`;
}
