/** Times, durations, counts and money, written the same way in every sentence. */
import type { Usage } from "../model/outcome.ts";

/** `4 min 12 s`, `1 h 5 min`, `8 s`; a second unit of zero is left out. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return both(Math.floor(minutes / 60), "h", minutes % 60, "min");
  return minutes > 0 ? both(minutes, "min", seconds % 60, "s") : `${seconds} s`;
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small > 0 ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** `2026-11-22 19:14 UTC`. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `12,340 tokens in (10,000 cached), 2,345 out, $0.42`. */
export function usage(used: Usage): string {
  const cached = used.cachedTokens > 0 ? ` (${grouped(used.cachedTokens)} cached)` : "";
  const cost = used.costUsd === null ? "" : `, $${used.costUsd.toFixed(2)}`;
  return `${grouped(used.inputTokens)} tokens in${cached}, ${grouped(used.outputTokens)} out${cost}`;
}
