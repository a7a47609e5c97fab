import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet, Lease, Store } from "../../../src/store/store.ts";
import { ANN, enqueue, LEASE_MS, NO_CAPS, type Open, on, settle } from "./harness.ts";

const WORKSPACE = { dir: "/w/1", branch: "agent/1", base: "main", baseSha: "abc", pull: null };
const ANSWER = { question: "Which one?", text: "The first.", by: ANN };

export function fleetOf(store: Store): Fleet {
  assert.ok(store.fleet, "a store of many machines");
  return store.fleet;
}

export function presenceContract(open: Open): void {
  test(
    "a worker lives for as long as it said, unless it says so again, and everybody sees it",
    on(open, async ({ store, reopen, clock }) => {
      const other = fleetOf(await reopen());
      assert.deepEqual(await other.living(), []);
      await fleetOf(store).present("b", 1_000);
      await other.present("a", 500);
      assert.deepEqual((await other.living()).toSorted(), ["a", "b"]);
      clock.now += 500;
      assert.deepEqual(await other.living(), ["b"]);
      await other.present("b", 1_000);
      clock.now += 999;
      assert.deepEqual(await fleetOf(store).living(), ["b"]);
    }),
  );

  test(
    "a worker that goes is gone at once",
    on(open, async ({ store }) => {
      await fleetOf(store).present("a", 60_000);
      await fleetOf(store).present("a", 0);
      assert.deepEqual(await fleetOf(store).living(), []);
    }),
  );
}

export function keeperContract(open: Open): void {
  const claimAs = async (store: Store, worker: string) =>
    (await store.claim(worker, NO_CAPS, LEASE_MS))?.run.id ?? null;

  test(
    "a run that is queued again waits for the worker that has its workspace, and nobody else waits with it",
    on(open, async ({ store, clock }) => {
      await fleetOf(store).present("one", LEASE_MS);
      await fleetOf(store).present("two", LEASE_MS);
      const kept = await blockedRun(store, "one");
      const other = await enqueue(store);
      assert.equal(await claimAs(store, "two"), other);
      assert.equal(await claimAs(store, "two"), null);
      assert.equal(await claimAs(store, "one"), kept);
      clock.now += 1;
    }),
  );

  test(
    "when the worker that has its workspace is gone, or silent for too long, anybody may have the run",
    on(open, async ({ store, clock }) => {
      const fleet = fleetOf(store);
      await fleet.present("one", 1_000);
      const first = await blockedRun(store, "one");
      assert.equal(await claimAs(store, "two"), null);
      await fleet.present("one", 0);
      assert.equal(await claimAs(store, "two"), first);
      await fleet.present("one", 1_000);
      const second = await blockedRun(store, "one");
      assert.equal(await claimAs(store, "two"), null);
      clock.now += 1_000;
      assert.equal(await claimAs(store, "two"), second);
    }),
  );

  test(
    "a run goes with its workspace: whoever prepared it last has it",
    on(open, async ({ store }) => {
      const fleet = fleetOf(store);
      await fleet.present("two", LEASE_MS);
      const id = await blockedRun(store, "one");
      const { lease } = (await store.claim("two", NO_CAPS, LEASE_MS))!;
      await block(store, lease, true);
      await fleet.present("one", LEASE_MS);
      await settle(store, [{ kind: "requeue", runId: id, answer: ANSWER }]);
      assert.equal(await claimAs(store, "one"), null);
      assert.equal(await claimAs(store, "two"), id);
    }),
  );

  test(
    "a run whose workspace was never made belongs to nobody",
    on(open, async ({ store }) => {
      await fleetOf(store).present("one", LEASE_MS);
      const id = await enqueue(store);
      const { lease } = (await store.claim("one", NO_CAPS, LEASE_MS))!;
      await store.move(lease, "queued", {}, []);
      assert.equal(await claimAs(store, "two"), id);
    }),
  );
}

/** A run that `worker` prepared and that was answered since. */
async function blockedRun(store: Store, worker: string): Promise<string> {
  const id = await enqueue(store);
  const claimed = await store.claim(worker, NO_CAPS, LEASE_MS);
  assert.equal(claimed?.run.id, id);
  await block(store, claimed.lease, true);
  await settle(store, [{ kind: "requeue", runId: id, answer: ANSWER }]);
  return id;
}

async function block(store: Store, lease: Lease, prepared: boolean): Promise<void> {
  await store.move(lease, "running", prepared ? { workspace: WORKSPACE } : {}, []);
  await store.move(lease, "publishing", {}, []);
  await store.move(lease, "blocked", {}, []);
}

export function leadContract(open: Open): void {
  test(
    "of many that want to lead one does; when it gives up, the next does",
    on(open, async ({ store, reopen }) => {
      const stores = [store, await reopen(), await reopen()];
      const aborts = stores.map(() => new AbortController());
      const led: number[] = [];
      const leads = stores.map(async (one, n) => {
        const over = await fleetOf(one).lead(aborts[n]!.signal);
        led.push(n);
        return over;
      });
      const first = await Promise.race(leads.map(async (lead, n) => ({ n, over: await lead })));
      assert.deepEqual(led, [first.n]);
      assert.equal(first.over.aborted, false);
      aborts[first.n]!.abort();
      assert.equal(first.over.aborted, true);
      await Promise.race(leads.filter((_, n) => n !== first.n));
      assert.equal(led.length, 2);
      for (const abort of aborts) abort.abort();
      await Promise.allSettled(leads);
    }),
  );

  test(
    "who is told to stop waiting for the lead stops, before and while waiting",
    on(open, async ({ store, reopen }) => {
      await fleetOf(store).lead(new AbortController().signal);
      const other = fleetOf(await reopen());
      await assert.rejects(other.lead(AbortSignal.abort()));
      const abort = new AbortController();
      const waiting = other.lead(abort.signal);
      abort.abort();
      await assert.rejects(waiting);
    }),
  );

  test(
    "a store that closes gives up the lead",
    on(open, async ({ store, reopen }) => {
      const over = await fleetOf(store).lead(new AbortController().signal);
      const other = fleetOf(await reopen());
      const abort = new AbortController();
      const next = other.lead(abort.signal);
      await store.close();
      assert.equal(over.aborted, true);
      assert.equal((await next).aborted, false);
      abort.abort();
    }),
  );
}
