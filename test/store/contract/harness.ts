/** What the contract suite asks of an adapter's test, and short ways to bring a store into a state. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { EffectAction, NewEffect } from "../../../src/model/effect.ts";
import type { Delivery } from "../../../src/model/event.ts";
import type { RepoRef, Run, RunState } from "../../../src/model/run.ts";
import type { Caps, Change, Claim, NewRun, Settled, Store } from "../../../src/store/store.ts";

export interface Harness {
  readonly store: Store;
  /** Another store on the same data; the first stays open until it is closed. */
  reopen(): Promise<Store>;
  /** The clock of all of them, epoch milliseconds. */
  readonly clock: { now: number };
  /** Closes all of them and removes the data. */
  dispose(): Promise<void>;
}

export type Open = () => Promise<Harness>;

export const NO_CAPS: Caps = { total: null, perRepository: null, perPool: null, pools: {}, models: {} };
export const REPO: RepoRef = { forge: "github", owner: "Acme", name: "Web" };
/** All that the suite's effects are of. */
export const FORGES = ["github", "codeberg"];
export const ANN = { id: 7, login: "ann" };
export const LEASE_MS = 60_000;

/** A test on a store of its own. */
export function on(open: Open, use: (harness: Harness) => Promise<void>): () => Promise<void> {
  return async () => {
    const harness = await open();
    try {
      await use(harness);
    } finally {
      await harness.dispose();
    }
  };
}

export function delivery(id: string = randomUUID(), forge = "github"): Delivery {
  return { id, forge, event: "issue_comment", body: `{"id":"${id}"}`, receivedAt: 1_000 };
}

export interface RunSketch {
  readonly id?: string;
  readonly issue?: number;
  readonly agent?: string;
  readonly repo?: RepoRef;
  readonly priority?: number;
}

let issues = 1_000;

/** Each on an issue of its own unless told. */
export function newRun(sketch: RunSketch = {}): NewRun {
  const number = sketch.issue ?? issues++;
  return {
    id: sketch.id ?? randomUUID(),
    repo: sketch.repo ?? REPO,
    issue: {
      number,
      isPull: false,
      title: "Größe \u{1F680}",
      body: 'It\'s "broken"\n\u0000',
      author: { id: 8, login: "bob" },
      labels: ["bug"],
      url: `https://github.test/issues/${number}`,
    },
    trigger: { kind: "comment", by: ANN, commentId: "55", label: null, at: 900 },
    request: {
      agent: sketch.agent ?? "codex",
      task: "fix it",
      template: "coding",
      plan: "steps",
      variables: { area: "login" },
      persona: "careful",
      branch: "fix/login",
      tag: null,
      timeoutMs: 60_000,
    },
    priority: sketch.priority ?? 0,
  };
}

/** Receives a delivery and settles it with these changes. */
export async function settle(
  store: Store,
  changes: readonly Change[],
  effects: readonly NewEffect[] = [],
): Promise<Settled> {
  const { forge, id } = delivery();
  assert.equal(await store.receive(delivery(id)), true);
  return await store.settle({ delivery: { forge, id }, keys: [id], changes, effects });
}

/** Puts a run into the queue and returns its id. */
export async function enqueue(store: Store, sketch: RunSketch = {}): Promise<string> {
  const run = newRun(sketch);
  assert.equal(await settle(store, [{ kind: "enqueue", run }]), "done");
  return run.id;
}

export async function claim(store: Store, caps: Caps = NO_CAPS): Promise<Claim> {
  const claimed = await store.claim("worker", caps, LEASE_MS);
  assert.ok(claimed, "a run can be claimed");
  return claimed;
}

/** The worker "other" looks for lost leases again and again while `ms` go by; what it took over. */
export async function patrol({ store, clock }: Harness, ms: number, lostMs = 0): Promise<Claim[]> {
  const taken: Claim[] = [];
  for (let left = ms; left > 0; ) {
    const step = Math.min(left, LEASE_MS / 4);
    clock.now += step;
    left -= step;
    await store.fleet?.present("other", LEASE_MS);
    taken.push(...(await store.takeOver("other", LEASE_MS, { lostMs })));
  }
  return taken;
}

/** Claims until nothing can be claimed any more. */
export async function claimAll(store: Store, caps: Caps): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const claimed = await store.claim("worker", caps, LEASE_MS);
    if (!claimed) return ids;
    ids.push(claimed.run.id);
  }
}

/** A new run taken along the shortest way to one of its ends. */
export async function endedRun(store: Store, to: RunState, sketch: RunSketch = {}): Promise<Run> {
  await enqueue(store, sketch);
  const { lease } = await claim(store);
  await store.move(lease, "running", { startedAt: 2_000, session: "s-1", handle: "{}" }, []);
  const outcome = { kind: "blocked", question: "Which one?" } as const;
  const report = { exit: null, lastMessage: "Hm.", logTail: [], usage: null };
  await store.move(lease, "publishing", { endedAt: 5_000, outcome, report }, []);
  return await store.move(lease, to, {}, []);
}

export function effect(key: string, action: EffectAction, issue = 1, repo: RepoRef = REPO): NewEffect {
  return { repo, issue, runId: null, key, action };
}

export function comment(key: string, issue = 1, repo: RepoRef = REPO): NewEffect {
  return effect(key, { kind: "comment", body: key }, issue, repo);
}

export function status(runId: string | null, body: string, issue = 1): NewEffect {
  return { repo: REPO, issue, runId, key: `status:${runId}`, action: { kind: "status", body } };
}
