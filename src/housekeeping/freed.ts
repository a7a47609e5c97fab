/** What a round of housekeeping has removed, counted and in words. Pure. */

export interface Freed {
  readonly count: number;
  readonly bytes: number;
}

/** By kind: `workspaces`, `mirrors`, … */
export type FreedByKind = Readonly<Record<string, Freed>>;

export const NOTHING: Freed = { count: 0, bytes: 0 };

export function plus(a: Freed, b: Freed): Freed {
  return { count: a.count + b.count, bytes: a.bytes + b.bytes };
}

/** Kinds of which something was removed. */
export function something(freed: FreedByKind): FreedByKind {
  return Object.fromEntries(Object.entries(freed).filter(([, { count }]) => count > 0));
}

/** `2 workspaces (1.5 GB), 310 deliveries`. */
export function inWords(freed: FreedByKind): string {
  return Object.entries(freed)
    .map(
      ([kind, { count, bytes }]) =>
        `${count} ${named(kind, count)}${bytes > 0 ? ` (${sizeInWords(bytes)})` : ""}`,
    )
    .join(", ");
}

function named(kind: string, count: number): string {
  return count === 1 ? kind.replace(/ies$/, "ys").replace(/s$/, "") : kind;
}

function sizeInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${step > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}
