/**
 * Which forges take our credentials. One that refuses them (a revoked token, a deleted App) is closed: said once in
 * the log, named by readiness, and nothing new is begun for it, while other forges go on, and what runs for it goes on
 * too. It is asked again until it works, and then opens by itself. Every forge is closed until it was first asked.
 *
 * A forge that is merely down is none of this room's business: the outbox and the inbox wait for it. Nor is a single
 * repository that was deleted, or that the App was taken off: what is refused there is refused at once, one by one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Forge } from "../forges/forge.ts";
import { ForgeError } from "../model/errors.ts";
import type { RepoRef } from "../model/run.ts";
import { findTrouble, REFUSED, type Trouble } from "./find-trouble.ts";
import { type Method, type Watcher, watchedForge } from "./watched-forge.ts";

export interface ForgeHealthOptions {
  readonly forges: ReadonlyMap<string, Forge>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Logger, "info" | "error">;
  /** Milliseconds between two questions to a closed forge; the first few come sooner. */
  readonly everyMs: number;
}

export interface ForgeHealth {
  /** The same forge, whose refusals are noticed. Everything but this room is to use it. */
  watched(forge: Forge): Forge;
  /** Asks every forge, and closed ones again, until aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  closed(): readonly string[];
  /** True for one that is not configured, too: what came from it is to be set aside, not to wait. */
  open(name: string): boolean;
  /** Resolves when a forge opens, or when aborted. */
  opened(signal: AbortSignal): Promise<void>;
  /** A sentence for each closed forge, fit for everybody's eyes. */
  troubles(): Readonly<Record<string, string>>;
}

const FIRST_PAUSE_MS = 1000;
const UNASKED = "it was not asked yet";
/** What must work wherever the bot is meant to work: refused, it may be that the App is gone altogether. */
const ESSENTIAL: ReadonlySet<Method> = new Set(["self", "repository", "gitCredential"]);

interface Watch {
  readonly forge: Forge;
  /** Why it is closed; null while it is open. */
  trouble: string | null;
  /** Whether the log knows that it is closed. */
  told: boolean;
  /** Something was refused and it is to be asked what that means. */
  suspected: boolean;
  /** Epoch milliseconds. */
  askedAt: number;
  refusal: ForgeError | null;
  refusedIn: RepoRef | null;
  workedIn: RepoRef | null;
  wake: () => void;
}

export function createForgeHealth(options: ForgeHealthOptions): ForgeHealth {
  const watches = new Map([...options.forges].map(([name, forge]) => [name, newWatch(forge)]));
  const waiting = new Set<() => void>();
  const onOpen = () => {
    for (const tell of waiting) tell();
  };
  return {
    watched(forge) {
      const watch = watches.get(forge.name);
      return watch ? watchedForge(forge, watcherOf(watch, options)) : forge;
    },
    async run(signal) {
      await Promise.all([...watches.values()].map((watch) => keepAsking(watch, options, onOpen, signal)));
    },
    closed: () => [...watches].filter(([, { trouble }]) => trouble !== null).map(([name]) => name),
    open: (name) => (watches.get(name)?.trouble ?? null) === null,
    async opened(signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const tell = () => resolve();
      waiting.add(tell);
      signal.addEventListener("abort", tell, { once: true });
      await promise;
      signal.removeEventListener("abort", tell);
      waiting.delete(tell);
    },
    troubles: () =>
      Object.fromEntries(
        [...watches].flatMap(([name, { trouble }]) => (trouble === null ? [] : [[name, trouble]])),
      ),
  };
}

function newWatch(forge: Forge): Watch {
  return {
    forge,
    trouble: UNASKED,
    told: false,
    suspected: true,
    askedAt: Number.NEGATIVE_INFINITY,
    refusal: null,
    refusedIn: null,
    workedIn: null,
    wake: () => {},
  };
}

function watcherOf(watch: Watch, { now, everyMs }: ForgeHealthOptions): Watcher {
  return {
    worked(repo) {
      watch.workedIn = repo ?? watch.workedIn;
    },
    failed(error, method, repo) {
      if (!(error instanceof ForgeError) || error.retryable) return;
      if (error.status === 401) {
        watch.refusal = error;
        watch.refusedIn = repo;
        // At once: what would begin until it is known for sure would fail.
        watch.trouble ??= REFUSED;
      } else {
        const gone = [403, 404].includes(error.status) && ESSENTIAL.has(method);
        // Mostly it is the one repository that is gone: that is not worth a question each time.
        if (!gone || Math.abs(now() - watch.askedAt) < everyMs) return;
      }
      watch.suspected = true;
      watch.wake();
    },
  };
}

async function keepAsking(
  watch: Watch,
  { now, log, everyMs }: ForgeHealthOptions,
  onOpen: () => void,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const turn = new AbortController();
    watch.wake = () => turn.abort();
    if (watch.suspected || watch.trouble !== null) {
      watch.suspected = false;
      watch.askedAt = now();
      const trouble = await findTrouble(watch);
      if (signal.aborted) return;
      settle(watch, trouble, log, onOpen);
    }
    if (watch.trouble === null) pauseMs = FIRST_PAUSE_MS;
    const until = AbortSignal.any([signal, turn.signal]);
    const ms = watch.trouble === null ? null : Math.min(pauseMs, everyMs);
    // A closed forge is refused all the time by what still runs for it: that is no reason to ask sooner.
    if (ms !== null) await sleep(ms, undefined, { signal }).catch(() => {});
    else await aborted(until);
    pauseMs *= 2;
  }
}

function settle(
  watch: Watch,
  trouble: Trouble | null,
  log: ForgeHealthOptions["log"],
  onOpen: () => void,
): void {
  const forge = watch.forge.name;
  const wasClosed = watch.trouble !== null;
  watch.trouble = trouble?.word ?? null;
  if (trouble) {
    if (!watch.told) {
      log.error({ forge }, `forge ${forge}: ${trouble.reason}; nothing new is begun for it until it works`);
    }
    watch.told = true;
    return;
  }
  // Refused once more while it was asked: it is asked again before it counts as open.
  if (watch.suspected) {
    watch.trouble = REFUSED;
    return;
  }
  if (watch.told) log.info({ forge }, "the forge works again; what waited for it goes on");
  watch.told = false;
  watch.refusal = watch.refusedIn = null;
  if (wasClosed) onOpen();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
