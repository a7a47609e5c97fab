/**
 * The books of agents, by what they wrote down themselves: each attempt is one start, and what is booked for it is what it
 * took by its own clock. One exception: the bot died before it could record that the agent works, so the next process
 * ended that agent and began anew. Pure.
 */
import { ACTIVE_STATES } from "../../src/model/run.ts";
import type { Clock, Facts, Finding, RunFacts } from "./facts.ts";
import type { AgentFacts } from "./journal.ts";

/** What starting a process, and noticing its end, may take on a busy machine. */
const MOST_OFF_MS = 2000;

export function agentFindings({ agents, store }: Facts): readonly Finding[] {
  return attempts(agents, store).flatMap(({ name, run, attempt, starts, unrecorded }): readonly Finding[] => {
    const [only, ...more] = starts.slice(unrecorded);
    if (only && more.length === 0) return run ? truly(only, run, attempt) : [];
    // Which of them was booked can not be told.
    const pids = starts.map(({ pid }) => pid).join(", ");
    return [{ count: "doubled", by: more.length, evidence: `attempt ${name}: started again: pids ${pids}` }];
  });
}

/** How many agents were ended and begun anew, since the bot died before their start was recorded. */
export function begunAnew({ agents, store }: Pick<Facts, "agents" | "store">): number {
  return attempts(agents, store).reduce((sum, { unrecorded }) => sum + unrecorded, 0);
}

interface Attempt {
  /** `id.attempt` */
  readonly name: string;
  /** Undefined when the store has no such run. */
  readonly run: RunFacts | undefined;
  readonly attempt: number;
  /** Of its agent, oldest first. */
  readonly starts: readonly AgentFacts[];
  /** How many of them, from the first, were before the one with which the run came to `running`. */
  readonly unrecorded: number;
}

function attempts(agents: readonly AgentFacts[], { runs }: Facts["store"]): readonly Attempt[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  return [...Map.groupBy(agents, ({ run }) => run)].map(([name, all]) => {
    const dot = name.lastIndexOf(".");
    const run = byId.get(name.slice(0, dot));
    const attempt = Number(name.slice(dot + 1));
    const starts = all.toSorted((a, b) => a.bornAt - b.bornAt);
    return { name, run, attempt, starts, unrecorded: unrecordedOf(starts, run, attempt) };
  });
}

/** A start and its record are a moment apart, either of them first; two starts are a restart of the bot apart. */
function unrecordedOf(starts: readonly AgentFacts[], run: RunFacts | undefined, attempt: number): number {
  const recorded = run?.events.find((event) => event.attempt === attempt && event.to === "running");
  if (!recorded) return starts.length - 1;
  const apart = starts.map(({ bornAt }) => Math.abs(bornAt - recorded.at));
  return apart.indexOf(Math.min(...apart));
}

/** Only those that ended by themselves wrote down their true end. */
function truly(agent: AgentFacts, run: RunFacts, attempt: number): readonly Finding[] {
  if (agent.endedAt === null || !agent.byItself) return [];
  const clock = run.clocks.find((one) => one.attempt === attempt) ?? null;
  // Not booked yet.
  if (clock === null && ACTIVE_STATES.some((active) => active === run.state)) return [];
  if (wasLost(run, attempt, clock)) return [];
  const booked = clock === null ? 0 : clock.endedAt - clock.startedAt;
  const worked = agent.endedAt - agent.bornAt;
  const off = Math.abs(booked - worked);
  if (off <= MOST_OFF_MS) return [];
  const evidence = `${run.issue} attempt ${agent.run}: booked ${booked} ms, worked ${Math.round(worked)} ms`;
  return [{ count: "seconds_off", by: Math.ceil(off / 1000), evidence }];
}

/** Its worker was lost, so nobody who counts saw its end: nothing is booked for it. */
function wasLost({ events }: RunFacts, attempt: number, clock: Clock | null): boolean {
  const isEmpty = clock !== null && clock.endedAt === clock.startedAt;
  return isEmpty && events.some((event) => event.attempt === attempt && isLoss(event));
}

/** It began anew, or ended: cancelled, or begun anew too often. */
function isLoss({ from, detail }: RunFacts["events"][number]): boolean {
  return from === "running" && detail?.startsWith("lost with worker") === true;
}
