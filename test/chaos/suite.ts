/** One run of the suite, from the first process to the last look at the books. What it prints is for people. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findings } from "./books.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import type { Facts, Finding } from "./facts.ts";
import { seconds, spread, tally } from "./figures.ts";
import { branchFacts, issueFacts } from "./forge-facts.ts";
import { overlaps, readJournal } from "./journal.ts";
import { createKiller, type Kill, type Killer } from "./killer.ts";
import { agentProcesses, end, textOf } from "./machine.ts";
import type { Options } from "./options.ts";
import { randomOf } from "./random.ts";
import { createRecovery } from "./recovery.ts";
import { openSetting, type Setting } from "./setting.ts";
import { settle } from "./settle.ts";
import { openTown, SECRET, type Town } from "./stage.ts";
import { openWire, type Wire } from "./wire.ts";

export interface Result {
  readonly kills: number;
  readonly commands: number;
  readonly found: readonly Finding[];
}

export interface SuiteOptions extends Options {
  /** All of it lies here. */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** Ends everything early. */
  readonly signal: AbortSignal;
}

const PROGRESS_MS = 3000;
const DEADLINE_MS = 300_000;

export async function runSuite(options: SuiteOptions): Promise<Result> {
  const { dir, seed } = options;
  const journal = join(dir, "journal.jsonl");
  await mkdir(dir, { recursive: true });
  await writeFile(journal, "");
  const town = await openTown(dir);
  const killer: { of?: Killer } = {};
  const seen: Killer["seen"] = async (victim, call) => await killer.of?.seen(victim, call);
  const setting = await openSetting(options, { journal, town, seen });
  const random = randomOf(seed, "wire");
  const wire = await openWire({ random, target: setting.target, careful: true });
  town.forge.setHook(`${wire.url}/`, SECRET);
  const crowd = createCrowd({ ...town, random: randomOf(seed, "crowd"), now: Date.now });
  try {
    return await live(options, { town, setting, wire, crowd, journal, killer });
  } finally {
    await setting.close();
    await wire.close();
    await town.forge.close();
  }
}

interface World {
  readonly town: Town;
  readonly setting: Setting;
  readonly wire: Wire;
  readonly crowd: Crowd;
  readonly journal: string;
  readonly killer: { of?: Killer };
}

async function live(options: SuiteOptions, world: World): Promise<Result> {
  const { say, dir } = options;
  const { setting, crowd } = world;
  await setting.start();
  const kills = await chaos(options, world);
  say("the chaos is over; nothing fails any more");
  setting.calm();
  world.wire.calm();
  say(`settling, for at most ${seconds(DEADLINE_MS)}`);
  const facts = () => collect(world);
  await settle({ ...options, crowd, wire: world.wire, view: setting.view, facts, deadlineMs: DEADLINE_MS });
  say("stopping the bots");
  const stopped = await setting.stop();
  const last = await collect(world);
  const whole = { ...last, leftovers: [...stopped, ...(await setting.leftovers())] };
  await writeFile(join(dir, "facts.json"), JSON.stringify(whole, showMaps, 1));
  const found = findings(whole);
  say(`runs ended: ${tally(whole.store.runs.map(({ state }) => state))}`);
  say(`deliveries: ${told(world.wire.figures)}; forge: ${told(setting.faults())}`);
  return { kills: kills.length, commands: crowd.commands.length, found };
}

/** Kills while people command, until all kills are done. */
async function chaos(
  options: SuiteOptions,
  { setting, crowd, journal, killer }: World,
): Promise<readonly Kill[]> {
  const { seed, say, minutes } = options;
  const over = new AbortController();
  const early =
    minutes === null
      ? options.signal
      : AbortSignal.any([options.signal, AbortSignal.timeout(minutes * 60_000)]);
  const agents = randomOf(seed, "agents");
  const kills: Kill[] = [];
  const readyMs: number[] = [];
  const recovery = createRecovery({ view: setting.view, mayLook: setting.mayLook, now: Date.now });
  killer.of = createKiller({
    ...options,
    victims: setting.victims,
    random: randomOf(seed, "killer"),
    view: setting.view,
    signal: early,
    killed(kill, victim, sight) {
      kills.push(kill);
      setting.interrupted(victim, sight, recovery);
      if (agents.chance(0.1)) killAgent(journal, agents.next());
    },
    ready: (_victim, ms) => void readyMs.push(ms),
  });
  const looking = recovery.run(over.signal);
  const people = everyMoment(() => crowd.act(), seed, over.signal);
  const progress = setInterval(() => say(progressLine(kills, crowd, setting)), PROGRESS_MS);
  await killer.of.run();
  clearInterval(progress);
  over.abort();
  await Promise.all([looking, people]);
  say(`kills by aim: ${tally(kills.map(({ aim }) => aim))}`);
  say(`kills by victim: ${tally(kills.map(({ victim }) => victim))}`);
  say(`going on at a kill: ${tally(kills.flatMap(({ amid }) => amid))}`);
  say(`ready again after its start: ${spread(readyMs)}`);
  say(
    `runs moved on after a kill: ${spread(recovery.movedMs)}; interrupted once more before: ${recovery.lost()}`,
  );
  return kills;
}

/** Agents come and go: one of those that work now is ended from outside. */
function killAgent(journal: string, choice: number): void {
  const working = agentProcesses(journal).filter(
    ({ command }) => command.includes("agent.ts") && !command.startsWith("/bin/sh"),
  );
  const one = working[Math.floor(choice * working.length)];
  if (one) end(one.pid);
}

async function everyMoment(act: () => void, seed: number, signal: AbortSignal): Promise<void> {
  const random = randomOf(seed, "moments");
  while (!signal.aborted) {
    act();
    await sleep(random.between(100, 900));
  }
}

function progressLine(kills: readonly Kill[], crowd: Crowd, setting: Setting): string {
  const states = setting.victims.map(({ name, state }) => `${name} ${state()}`).join(", ");
  return `${kills.length} kills, ${crowd.commands.length} commands on ${crowd.issues.length} issues, ${crowd.open()} open; ${states}`;
}

async function collect({ town, setting, crowd, journal }: World): Promise<Facts> {
  return {
    commands: crowd.commands,
    store: await setting.view.facts(),
    branches: await branchFacts(town),
    issues: crowd.issues.map((issue) => issueFacts(issue, town)),
    overlaps: overlaps(readJournal(await textOf(journal))),
    leftovers: [],
  };
}

function told(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

function showMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
