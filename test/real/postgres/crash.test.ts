/** PostgreSQL killed under open stores: they come back by themselves, and nothing acknowledged is lost. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { claim, delivery, enqueue, LEASE_MS, NO_CAPS } from "../../store/contract/harness.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { freshSchema } from "./server.ts";

const clusters: Cluster[] = [];
const opened: Store[] = [];
after(async () => {
  for (const store of opened) await store.close();
  for (const one of clusters) await one.stop();
});

/** Two stores on a cluster that the test may kill. */
async function two(): Promise<{ cluster: Cluster; stores: readonly [Store, Store] }> {
  const cluster = await startCluster();
  clusters.push(cluster);
  const schema = freshSchema();
  const open = async () => {
    const store = await openPostgresStore({ url: cluster.url, schema, newId: randomUUID });
    opened.push(store);
    return store;
  };
  return { cluster, stores: [await open(), await open()] };
}

/** Again and again until it does not reject. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(20);
    }
  }
}

test("after kill -9 and restart the same stores go on, and every acknowledged delivery is there once", async () => {
  const { cluster, stores } = await two();
  const acknowledged = new Set<string>();
  let stop = false;
  const send = async (store: Store, name: string) => {
    for (let n = 0; !stop; n++) {
      const id = `${name} ${n}`;
      await store.receive(delivery(id)).then(
        () => acknowledged.add(id),
        () => sleep(5),
      );
    }
  };
  const sending = Promise.all([0, 1, 2, 3].map((n) => send(stores[n % 2]!, `sender ${n}`)));
  for (let round = 1; round <= 3; round++) {
    while (acknowledged.size < round * 100) await sleep(5);
    await cluster.kill();
    await cluster.restart();
  }
  const before = acknowledged.size;
  while (acknowledged.size < before + 20) await sleep(5);
  stop = true;
  await sending;
  const stored = (await stores[0].nextDeliveries(1_000_000)).map(({ id }) => id);
  assert.equal(new Set(stored).size, stored.length);
  assert.deepEqual(
    [...acknowledged].filter((id) => !stored.includes(id)),
    [],
  );
  await Promise.all(stores.map((store) => store.close()));
});

test("runs, their leases and the queue outlive a kill, and other processes are heard of again", async () => {
  const { cluster, stores } = await two();
  const [one, other] = stores;
  await enqueue(one);
  const { lease } = await claim(one);
  const waiting = await enqueue(one);
  await cluster.kill();
  await assert.rejects(one.heartbeat(lease, LEASE_MS), (error: Error) => !(error.name === "LeaseLost"));
  await cluster.restart();
  await until(() => one.heartbeat(lease, LEASE_MS));
  assert.deepEqual(await other.takeOver("other", LEASE_MS, { lostMs: 0 }), []);
  assert.equal((await until(() => claim(other))).run.id, waiting);
  await one.move(lease, "running", {}, []);
  const woken = other.changed("deliveries", AbortSignal.timeout(10_000));
  await one.receive(delivery());
  await woken;
  assert.equal((await other.nextDeliveries(10)).length, 1);
  await Promise.all(stores.map((store) => store.close()));
});

test("a lease that could not be kept while the database was away is not lost with it", async () => {
  const { cluster, stores } = await two();
  const [one, other] = stores;
  await enqueue(one);
  const { run, lease } = (await one.claim("worker", NO_CAPS, 20))!;
  await cluster.kill();
  await sleep(50);
  await cluster.restart();
  const taken = await until(() => other.takeOver("other", LEASE_MS, { lostMs: 0 }));
  assert.deepEqual(taken, []);
  await until(() => one.heartbeat(lease, LEASE_MS));
  assert.equal((await one.run(run.id))?.state, "preparing");
  await Promise.all(stores.map((store) => store.close()));
});

test("who leads hears that the lead is over when the database dies, and the next leads when it is back", async () => {
  const { cluster, stores } = await two();
  const leads = stores.map((store) => store.fleet!.lead(new AbortController().signal));
  const first = await Promise.race(leads.map(async (lead, n) => ({ n, over: await lead })));
  await cluster.kill();
  if (!first.over.aborted) await new Promise((resolve) => first.over.addEventListener("abort", resolve));
  await cluster.restart();
  const next = await leads[1 - first.n]!;
  assert.equal(next.aborted, false);
  await Promise.all(stores.map((store) => store.close()));
  assert.equal(next.aborted, true);
});

test("a store closes soon while the database is dead, and says what is wrong without ending the process", async () => {
  const { cluster, stores } = await two();
  const { host } = new URL(cluster.url);
  await cluster.kill();
  await assert.rejects(stores[0].receive(delivery()), (error: Error) => error.message.includes(host));
  const begun = performance.now();
  await Promise.all(stores.map((store) => store.close()));
  assert.ok(performance.now() - begun < 5_000);
});
