/** One run of the suite, from the first process to the last look at the books. What it prints is for people. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findings } from "./books.ts";
import { chaos } from "./chaos.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import { leftovers, stopAll } from "./ending.ts";
import type { Facts, Finding } from "./facts.ts";
import { seconds, tally } from "./figures.ts";
import { branchFacts, issueFacts } from "./forge-facts.ts";
import { agentFacts, overlaps, readJournal } from "./journal.ts";
import type { Killer } from "./killer.ts";
import { textOf } from "./machine.ts";
import type { Options } from "./options.ts";
import { randomOf } from "./random.ts";
import { openSetting, type Setting } from "./setting.ts";
import { settle } from "./settle.ts";
import { openTown, SECRET, type Town } from "./stage.ts";
import { openWire, type Wire } from "./wire.ts";

export interface Result {
  readonly kills: number;
  readonly commands: number;
  readonly found: readonly Finding[];
  /** Runs and processes that did not move on in time after a kill, each in a line. */
  readonly late: readonly string[];
}

export interface SuiteOptions extends Options {
  /** An empty folder: all of it lies here. */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** Ends everything early: what was begun is killed and the promise rejects. */
  readonly signal: AbortSignal;
}

/** Two looks for missed events, the longest pauses of what was put off, and time to spare. */
const DEADLINE_MS = 300_000;

export async function runSuite(options: SuiteOptions): Promise<Result> {
  const { dir, seed } = options;
  const journal = join(dir, "journal.jsonl");
  await writeFile(journal, "");
  const town = await openTown(dir);
  const killer: { of?: Killer } = {};
  const seen: Killer["seen"] = async (victim, call) => await killer.of?.seen(victim, call);
  const setting = await openSetting(options.store, { dir, seed, journal, town, seen });
  const wire = await openWire({ random: randomOf(seed, "wire"), target: setting.target });
  town.forge.setHook(`${wire.url}/`, SECRET);
  const crowd = createCrowd({ ...town, random: randomOf(seed, "crowd"), now: Date.now });
  try {
    const ended = Promise.withResolvers<never>();
    options.signal.addEventListener("abort", () => ended.reject(new Error("ended early; this is no result")));
    return await Promise.race([
      live(options, { town, setting, wire, crowd, journal, killer }),
      ended.promise,
    ]);
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
  const { say, dir, minutes } = options;
  const { setting, crowd, wire, journal, killer } = world;
  await setting.start();
  const signals = [options.signal, ...(minutes === null ? [] : [AbortSignal.timeout(minutes * 60_000)])];
  const armed = (one: Killer) => {
    killer.of = one;
  };
  const { kills, late } = await chaos({
    ...options,
    setting,
    crowd,
    journal,
    signal: AbortSignal.any(signals),
    armed,
  });
  say(`nothing fails any more; settling, for at most ${seconds(DEADLINE_MS)}`);
  setting.calm();
  wire.calm();
  const facts = () => collect(world);
  await settle({ ...options, crowd, wire, setting, view: setting.view, facts, deadlineMs: DEADLINE_MS });
  say("stopping the bots");
  const stopped = await stopAll(setting.bots);
  const last = await collect(world);
  const left = await leftovers(setting.bots, journal, world.town, last.store.runs);
  const whole = { ...last, leftovers: [...stopped, ...left] };
  await writeFile(join(dir, "facts.json"), JSON.stringify(whole, showMaps, 1));
  say(`runs ended: ${tally(whole.store.runs.map(({ state }) => state))}`);
  say(`deliveries: ${told(wire.figures)}; the forge's answers: ${told(setting.faults())}`);
  say(`ended by themselves: ${tally(setting.bots.flatMap((bot) => Array(bot.exits()).fill(bot.name)))}`);
  return {
    kills: kills.length,
    commands: crowd.commands.length,
    found: findings(whole),
    late: [...late, ...setting.bots.flatMap(({ stuck }) => stuck)],
  };
}

async function collect({ town, setting, crowd, journal }: World): Promise<Facts> {
  const lines = readJournal(await textOf(journal));
  return {
    commands: crowd.commands,
    store: await setting.view.facts(),
    branches: await branchFacts(town),
    issues: crowd.issues.map((issue) => issueFacts(issue, town)),
    agents: agentFacts(lines),
    overlaps: overlaps(lines),
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
