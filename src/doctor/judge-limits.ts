/** Judges whether limits held for a trial agent that went beyond them. Pure. */
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import type { Limits, RuntimeProbe } from "../runtimes/runtime.ts";
import { type Facts, first, TRIED } from "./script.ts";
import type { Ended } from "./trial.ts";

export interface Held {
  /** What the runtime says it cannot. */
  readonly lacks: RuntimeProbe["lacks"];
  /** What the configuration sets. */
  readonly limits: Limits;
}

const SETTINGS = { memory: "memoryBytes", cpus: "cpus", pids: "pids" } as const;

/** `facts` is null when no runtime was asked, since it says itself that it can hold nothing. */
export function judgeLimits(facts: Facts | null, ended: Ended | null, held: Held): readonly Judged[] {
  const tried = { memory, cpus, pids };
  return (["memory", "cpus", "pids"] as const).map((name) => {
    const lack = held.lacks[name];
    if (lack !== undefined) return lacking(name, lack, held);
    return facts ? tried[name](facts, ended) : fails(name, "the trial agent was not started", null);
  });
}

function lacking(name: keyof typeof SETTINGS, lack: string, { limits }: Held): Judged {
  if (limits[SETTINGS[name]] === null)
    return passes(`limit of ${name}`, "none is set, and none could be held here");
  return fails(`limit of ${name}`, `dispatch.${name} is set and is not held`, lack);
}

/** Whatever ended it: killed alone, refused the memory, or the whole run ended with it. */
function memory(facts: Facts, ended: Ended | null): Judged {
  const check = "limit of memory";
  const code = first(facts, "memory");
  if (code === "0") return unheld(check, "320 MB were taken with a limit of 128 MB");
  const killed = ended?.exit?.outOfMemory || ended?.exit?.signal === "SIGKILL" || ended?.exit?.code === 137;
  if (code !== null || killed) return passes(check, "held: 320 MB were refused with a limit of 128 MB");
  return fails(check, "the trial agent did not come so far", "see what the engine says of this run");
}

function cpus(facts: Facts): Judged {
  const check = "limit of cpus";
  const quota = first(facts, "cpu");
  if (quota === null) return warns(check, "could not be seen from inside", null);
  const share = Number.parseInt(quota, 10);
  return share > 0
    ? passes(check, `held: ${TRIED.cpus} of a processor`)
    : unheld(check, `the kernel says "${quota}"`);
}

function pids(facts: Facts, ended: Ended | null): Judged {
  const check = "limit of pids";
  if (first(facts, "forked") !== null) return unheld(check, "64 processes were started with a limit of 32");
  if (first(facts, "forking") !== null) return passes(check, "held: the 32nd process was refused");
  if (ended?.exit?.outOfMemory)
    return warns(check, "could not be tried: the run ended with its memory", null);
  return warns(check, "could not be tried: the trial agent did not come so far", null);
}

const unheld = (check: string, detail: string): Judged =>
  fails(
    check,
    detail,
    "see what the engine warns of; rootless engines need cgroups v2 delegated to their user",
  );
