/** Repositories that could not be read, each with the time from which it is looked at once it can be. Reads no forge. */
import type { Cursor } from "./cursor.ts";

/** So many are named to whoever reads the log. */
const NAMED = 3;
const LONGEST_WHY = 300;

export class Behind {
  readonly #all: Map<string, Cursor["behind"][string]>;

  constructor(behind: Cursor["behind"]) {
    this.#all = new Map(Object.entries(behind));
  }

  /** The forge's time; null when the repository is not behind. */
  since(key: string): string | null {
    return this.#all.get(key)?.since ?? null;
  }

  /** One that was behind before stays so from then on. */
  add(key: string, since: string, why: string): void {
    this.#all.set(key, { since: this.since(key) ?? since, why: why.slice(0, LONGEST_WHY) });
  }

  delete(key: string): void {
    this.#all.delete(key);
  }

  rename(from: string, to: string): void {
    const one = this.#all.get(from);
    if (one && !this.#all.has(to)) this.#all.set(to, one);
    this.#all.delete(from);
  }

  /** Forgets those that are of no concern any more. */
  keepOnly(keys: ReadonlyMap<string, unknown>): void {
    for (const key of this.#all.keys()) if (!keys.has(key)) this.#all.delete(key);
  }

  all(): Cursor["behind"] {
    return Object.fromEntries(this.#all);
  }
}

/** For the log: the same as long as the same is wrong; null when nothing is. */
export function troubleOf({ behind, stopped }: Cursor, ended: string | null): string | null {
  const all = Object.entries(behind).map(([key, { why }]) => `${key} (${why})`);
  const place = stopped?.why ? [`${stopped.repo} (${stopped.why})`] : [];
  const told = [...(ended === null ? [] : [ended]), ...place, ...all];
  const more = told.length > NAMED ? [`and ${told.length - NAMED} more`] : [];
  return told.length === 0 ? null : [...told.slice(0, NAMED), ...more].join("; ");
}
