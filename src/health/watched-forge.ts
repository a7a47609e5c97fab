/** A forge that tells what becomes of each request made through it. It changes nothing: same answers, same errors. */
import type { Forge } from "../forges/forge.ts";
import type { RepoRef } from "../model/run.ts";

export type Method = Exclude<keyof Forge, "name" | "kind">;

export interface Watcher {
  /** `repo` is the one that was asked about; null when the request concerns none. */
  worked(repo: RepoRef | null): void;
  failed(error: unknown, method: Method, repo: RepoRef | null): void;
}

/** What is pure (`identify`, `verify`, `parse`) and what only looks (`probe`, `rights`) are passed on unwatched. */
const UNWATCHED: ReadonlySet<PropertyKey> = new Set(["identify", "verify", "parse", "probe", "rights"]);

export function watchedForge(forge: Forge, watcher: Watcher): Forge {
  return new Proxy(forge, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      if (UNWATCHED.has(key)) return member.bind(target);
      return async (...args: readonly unknown[]) => {
        const repo = isRepo(args[0]) ? args[0] : null;
        try {
          const answer: unknown = await member.apply(target, args);
          watcher.worked(repo);
          return answer;
        } catch (error) {
          watcher.failed(error, key as Method, repo);
          throw error;
        }
      };
    },
  });
}

function isRepo(value: unknown): value is RepoRef {
  return typeof value === "object" && value !== null && "owner" in value && "name" in value;
}
