/**
 * What a container's exit code says. An engine tells 128 and the signal's number for a death by signal, as a shell
 * does; the agent's own `exit 137` looks the same and is told as that signal.
 */
import type { Exit } from "../../model/outcome.ts";

const SIGNALS: Readonly<Record<number, string>> = { 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };

export interface EndFacts {
  readonly code: number;
  /** The engine's own word on memory; it says no where the kernel's control groups are of the old kind. */
  readonly outOfMemory: boolean;
  readonly hasMemoryLimit: boolean;
  /** Who of us sent KILL, if anyone: the bot, or the guard for want of a worker. */
  readonly killedBy: "bot" | "guard" | null;
  /** Epoch milliseconds. */
  readonly endedAt: number | null;
}

/** A KILL that none of us sent, of a container with a limit of memory, is the kernel's for memory. */
export function exitOf({ code, outOfMemory, hasMemoryLimit, killedBy, endedAt }: EndFacts): Exit {
  const signal = SIGNALS[code] ?? null;
  if (signal === null) return { code, signal: null, outOfMemory: false, endedAt };
  const isOurs = signal !== "SIGKILL" || killedBy !== null;
  const exit = { code: null, signal, outOfMemory: !isOurs && (outOfMemory || hasMemoryLimit), endedAt };
  return signal === "SIGKILL" && killedBy === "guard" ? { ...exit, abandoned: true } : exit;
}

/** Nobody could see it. */
export const UNSEEN: Exit = { code: null, signal: null, outOfMemory: false };
