/**
 * The second half with real parts: a store on disk, prompts, reader, supervisor, judge, outbox; the forge and the
 * runtime are the fake ones, the workspaces plain folders. The clock stands until it is moved. Its store is one of
 * many machines if asked for.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { createAgents } from "../../src/agents/registry.ts";
import type { Config } from "../../src/config/config.ts";
import { createEgress } from "../../src/egress/egress.ts";
import { Refusal } from "../../src/model/errors.ts";
import { type RepoRef, type Run, repoName } from "../../src/model/run.ts";
import { createPrompts } from "../../src/prompt/prompts.ts";
import { createLiveStatus } from "../../src/report/live-status.ts";
import { createOutbox, type Outbox } from "../../src/report/outbox.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Caps, Claim, Fleet, NewRun, Store } from "../../src/store/store.ts";
import type { WorkDeps } from "../../src/worker/deps.ts";
import { openJob, type Stops } from "../../src/worker/job.ts";
import { work } from "../../src/worker/work.ts";
import { FakeForge } from "../fakes/forge.ts";
import { createFakeRuntime, type FakeRuntime, type FakeScript } from "../fakes/runtime.ts";
import { botConfig, scripted } from "../journeys/bot.ts";
import { sampleRun } from "../report/sample-run.ts";
import { shared } from "./plain-fleet.ts";
import { createPlainWorkspaces, type PlainWorkspaces } from "./plain-workspaces.ts";

export const REPO: RepoRef = { forge: "codeberg", owner: "acme", name: "shop" };
export const ALICE = { id: 7, login: "alice" };
export const NO_CAPS: Caps = { total: null, perRepository: null, perPool: null, pools: {}, models: {} };
export const LEASE_MS = 60_000;
export const DONE = "DONE all of it\n";
export const LEAKED = "a-secret-that-leaked";

export interface RunSketch {
  readonly id?: string;
  readonly issue?: number;
  readonly agent?: string;
  readonly repo?: RepoRef;
  readonly isPull?: boolean;
  readonly label?: string;
  readonly body?: string;
}

interface Parts {
  /** Everything of it is here. */
  readonly dir: string;
  readonly store: Store;
  readonly forge: FakeForge;
  readonly runtime: FakeRuntime;
  readonly workspaces: PlainWorkspaces;
  readonly outbox: Outbox;
  /** `setBy` is how far somebody set the wall clock: what else moves `ms` is time that passed. */
  readonly clock: { ms: number; setBy: number };
  /** What was logged, one object a line. */
  readonly logged: { readonly msg: string; readonly [key: string]: unknown }[];
  /** Done at the test's end, before the store is closed. */
  readonly ends: (() => Promise<void>)[];
  /** Settings may be changed while it works, as by a reload. */
  config: Config;
}

export interface Bench extends Parts {
  readonly deps: WorkDeps;
  enqueue(sketch?: RunSketch): Promise<string>;
  claim(): Promise<Claim>;
  /** Works a claim to its end, delivers what was said, and returns the run. */
  work(claim: Claim, more?: Partial<WorkDeps>, stops?: Stops): Promise<Run>;
  /** Enqueues, claims and works one run. */
  run(sketch?: RunSketch): Promise<Run>;
  /** What the bot said on an issue, without its status comment. */
  answers(issue?: number): Promise<readonly string[]>;
  /** The status comment of the issue. */
  status(issue?: number): Promise<string>;
}

export interface BenchOptions {
  /** What each started agent does; it says the word of success when not told. */
  readonly script?: (attempt: number) => FakeScript;
  readonly change?: (config: Config) => Config;
  /** Has the store be one of many machines. */
  readonly fleet?: Fleet;
}

export async function openBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "worker-"));
  const clock = { ms: Date.UTC(2026, 10, 22, 19), setBy: 0 };
  const now = () => clock.ms;
  let ids = 0;
  const newId = () => `id${++ids}`;
  const sqlite = await openSqliteStore({ file: join(dir, "store.db"), now, newId });
  const store = options.fleet ? shared(sqlite, options.fleet) : sqlite;
  const ends: Parts["ends"] = [];
  t.after(async () => {
    for (const end of ends) await end();
    await store.close();
    await rm(dir, { recursive: true });
  });
  const forge = new FakeForge(REPO.forge);
  const logged: Bench["logged"] = [];
  const log = pino({ level: "debug" }, { write: (line) => logged.push(JSON.parse(line)) });
  const redact = (text: string) => text.replaceAll(LEAKED, "[redacted]");
  const forges = new Map([[forge.name, forge]]);
  const outbox = createOutbox({ store, forges, redact, findSecret: () => null, now, log });
  const says = () => ({ output: [DONE] });
  const script = options.script ?? says;
  const bench: Parts = {
    dir,
    store,
    forge,
    runtime: createFakeRuntime(({ attempt }) => script(attempt)),
    workspaces: createPlainWorkspaces(join(dir, "workspace")),
    outbox,
    clock,
    logged,
    ends,
    config: configOf(dir, forge, options),
  };
  const deps: WorkDeps = {
    name: "worker",
    ...parts(bench, dir, now),
    store,
    redact,
    live: createLiveStatus({ store, everyMs: 0, now, onError: () => {} }),
    newId,
    log,
  };
  return Object.assign(bench, { deps, ...steps(bench, deps) });
}

function configOf(dir: string, forge: FakeForge, { change }: BenchOptions): Config {
  const forgeConfig = () =>
    ({ kind: "forgejo", name: forge.name, url: "https://x", token: "t", webhookSecret: "s" }) as const;
  const world = {
    bot: { ...forge.bot, token: "t" },
    forgeConfig: () => ({ ...forgeConfig(), webhookProxy: null }),
  };
  const agents = [scripted(), scripted("other"), scripted("critic", { mode: "review" })];
  return botConfig(world, dir, { agents, ...(change && { change }) });
}

function parts(bench: Parts, dir: string, now: () => number) {
  return {
    config: () => bench.config,
    forge: () => bench.forge,
    forgeOpen: () => true,
    forgeOpened: async () => {},
    agent: (pool: string) => {
      const agent = createAgents(bench.config.agents, now).get(pool);
      if (!agent) throw new Refusal(`unknown agent: ${pool}`, "There are others.");
      return agent;
    },
    runtimeFor: async () => bench.runtime,
    runtimeNamed: () => bench.runtime,
    runtimes: () => [bench.runtime],
    egress: createEgress({
      dir: join(dir, "egress"),
      env: {},
      outer: { http: null, https: null, except: "" },
    }),
    workspaces: bench.workspaces,
    prompts: createPrompts({ dirs: [join(import.meta.dirname, "..", "..", "templates")] }),
    logFile: (run: Run) => join(dir, "logs", `${run.id}.${run.attempt}.log`),
    secretValues: () => [LEAKED],
    learnSecrets: () => {},
    disk: { watch: () => () => {} },
    draft: async () => false,
    leaseMs: LEASE_MS,
    patienceMs: 0,
    now,
    ticks: () => bench.clock.ms - bench.clock.setBy,
  } satisfies Partial<WorkDeps>;
}

const NEVER: Stops = { leave: new AbortController().signal, halt: new AbortController().signal };
let count = 0;

function steps(bench: Parts, deps: WorkDeps) {
  const { store, forge } = bench;
  const said = (issue: number) => forge.said.filter((one) => one.issue === issue);
  const steps = {
    async enqueue(sketch: RunSketch = {}) {
      const run = newRun(sketch);
      const delivery = { forge: REPO.forge, id: `delivery-${++count}` };
      await store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 1 });
      await store.settle({ delivery, keys: [], changes: [{ kind: "enqueue", run }], effects: [] });
      return run.id;
    },
    async claim() {
      const claim = await store.claim("worker", NO_CAPS, LEASE_MS);
      if (!claim) throw new Error("there is no run to work on");
      return claim;
    },
    async work(claim: Claim, more: Partial<WorkDeps> = {}, stops = NEVER) {
      const all = { ...deps, ...more };
      await work(openJob(claim, all, stops), all);
      await bench.outbox.flush();
      return (await store.run(claim.run.id)) as Run;
    },
    async run(sketch: RunSketch = {}) {
      await steps.enqueue(sketch);
      return await steps.work(await steps.claim());
    },
    async answers(issue = 15) {
      const run = await store.lastRun(REPO, issue);
      return said(issue).flatMap(({ id, body }) => (id === run?.statusComment ? [] : [body]));
    },
    async status(issue = 15) {
      const run = await store.lastRun(REPO, issue);
      return said(issue).find(({ id }) => id === run?.statusComment)?.body ?? "";
    },
  };
  return steps;
}

function newRun(sketch: RunSketch): NewRun {
  const { repo: _, issue, trigger, request } = sampleRun();
  const number = sketch.issue ?? 15;
  const repo = sketch.repo ?? REPO;
  const url = `https://codeberg.test/${repoName(repo)}/issues/${number}`;
  return {
    id: sketch.id ?? `run-${++count}`,
    repo,
    issue: { ...issue, number, url, isPull: sketch.isPull ?? false, body: sketch.body ?? issue.body },
    trigger: sketch.label
      ? { ...trigger, kind: "label", commentId: null, label: sketch.label, by: ALICE }
      : { ...trigger, by: ALICE },
    request: { ...request, agent: sketch.agent ?? "scripted" },
    priority: 0,
  };
}
