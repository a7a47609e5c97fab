/** The chaos itself: people command while processes are killed, until all kills are done. What it prints is for people. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import { spread, tally } from "./figures.ts";
import { createKiller, type Kill, type Killer } from "./killer.ts";
import { agentProcesses, end } from "./machine.ts";
import { randomOf } from "./random.ts";
import { createRecovery, type Recovery } from "./recovery.ts";
import type { Setting } from "./setting.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  readonly setting: Setting;
  readonly crowd: Crowd;
  readonly journal: string;
  readonly say: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Given the killer as soon as there is one, for calls to the forge. */
  readonly armed: (killer: Killer) => void;
}

const PROGRESS_MS = 3000;

export interface Chaos {
  readonly kills: readonly Kill[];
  /** Runs that did not move on in time after a kill, each in a line. */
  readonly late: readonly string[];
}

/** Resolves when every process is up again and what was interrupted has moved on. */
export async function chaos(options: ChaosOptions): Promise<Chaos> {
  const { seed, setting, crowd, journal, say } = options;
  const over = new AbortController();
  const agents = randomOf(seed, "agents");
  const kills: Kill[] = [];
  const ready: { readonly name: string; readonly ms: number }[] = [];
  const recovery = createRecovery({ ...setting, now: Date.now });
  const killer = createKiller({
    ...options,
    ...setting,
    random: randomOf(seed, "killer"),
    killed(kill, sight) {
      kills.push(kill);
      setting.interrupted(kill, sight, recovery);
      if (agents.chance(0.1)) killAgent(journal, agents.next());
    },
    ready({ name }, ms) {
      ready.push({ name, ms });
      setting.resumed(name, recovery);
    },
  });
  options.armed(killer);
  const others = [recovery.run(over.signal), everyMoment(() => crowd.act(), seed, over.signal)];
  const progress = setInterval(() => say(progressLine(kills, crowd, setting)), PROGRESS_MS);
  await killer.run();
  clearInterval(progress);
  await recovery.settled(options.signal);
  over.abort();
  await Promise.all(others);
  for (const line of report(kills, ready, recovery)) say(line);
  return { kills, late: recovery.late };
}

/** Agents come and go: one of those that work now is ended from outside. */
function killAgent(journal: string, choice: number): void {
  const isAgent = ({ command }: { readonly command: string }) =>
    command.includes("agent.ts") && !command.startsWith("/bin/sh");
  const working = agentProcesses(journal).filter(isAgent);
  const one = working[Math.floor(choice * working.length)];
  if (one) end(one.pid);
}

async function everyMoment(act: () => void, seed: number, signal: AbortSignal): Promise<void> {
  const random = randomOf(seed, "moments");
  while (!signal.aborted) {
    act();
    // Now and then nobody wants anything for a while.
    const lull = random.chance(0.02) ? random.between(5000, 12_000) : 0;
    await sleep(random.between(100, 900) + lull);
  }
}

function progressLine(kills: readonly Kill[], crowd: Crowd, { victims }: Setting): string {
  const states = victims.map(({ name, state }) => `${name} ${state()}`).join(", ");
  return `${kills.length} kills, ${crowd.commands.length} commands on ${crowd.issues.length} issues, ${crowd.open()} open; ${states}`;
}

function report(
  kills: readonly Kill[],
  ready: readonly { readonly name: string; readonly ms: number }[],
  recovery: Recovery,
): readonly string[] {
  const kinds = Map.groupBy(ready, ({ name }) => name.replace(/-\d+$/, ""));
  return [
    `kills by aim: ${tally(kills.map(({ aim }) => aim))}`,
    `kills by victim: ${tally(kills.map(({ victim }) => victim))}`,
    `going on at a kill: ${tally(kills.flatMap(({ amid }) => amid))}`,
    ...[...kinds].map(
      ([kind, all]) => `${kind} ready again after its start: ${spread(all.map(({ ms }) => ms))}`,
    ),
    `runs taken up again by the same worker after a kill: ${spread(recovery.movedMs)}`,
    `runs taken over by another worker after a kill: ${spread(recovery.takenOverMs)}`,
    `runs interrupted once more before that: ${recovery.interruptedAgain()}`,
  ];
}
