/** Many processes on one database. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import type { Caps, Store } from "../../../src/store/store.ts";
import {
  claimAll,
  comment,
  delivery,
  enqueue,
  LEASE_MS,
  NO_CAPS,
  on,
  REPO,
} from "../../store/contract/harness.ts";
import { databaseUrl, dropSchema, freshSchema, openStores, type Stores } from "./server.ts";

const unclocked = () => openStores("no clock");

function start(...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL("child.ts", import.meta.url));
  return spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
}

/** Lets all begin at once; what each said. */
async function run(children: readonly ChildProcess[]): Promise<string[]> {
  const ends = children.map((child) => once(child, "close"));
  const outputs = children.map((child) => createInterface({ input: child.stdout! })[Symbol.asyncIterator]());
  for (const output of outputs) assert.equal((await output.next()).value, "ready");
  for (const child of children) child.stdin?.end();
  const said: string[] = [];
  for (const output of outputs) {
    for (let next = await output.next(); !next.done; next = await output.next()) said.push(next.value);
  }
  for (const end of ends) assert.deepEqual(await end, [0, null]);
  return said;
}

test(
  "processes that claim at the same time keep the caps together, and no run is given twice",
  on(unclocked, async (harness) => {
    const { store, url, schema } = harness as Stores;
    await fill(store, 60, (n) => ({ agent: n % 2 ? "codex" : "claude", name: `r${n % 6}` }));
    const caps: Caps = { total: 30, perRepository: 6, perPool: 20, pools: { claude: 11 }, models: {} };
    const names = ["one", "two", "three"];
    const said = await run(names.map((name) => start(url, schema, name, "claim", JSON.stringify(caps))));
    assert.equal(new Set(said).size, said.length);
    const pools = Object.groupBy(said, (line) => line.split(" ")[0]!);
    assert.equal(pools.claude?.length, 11);
    assert.equal(pools.codex?.length, 18, "three repositories of six have codex runs, six at most each");
  }),
);

test("ten processes that open an empty database at the same time all do", async () => {
  const url = await databaseUrl();
  const schema = freshSchema();
  await run(Array.from({ length: 10 }, (_, n) => start(url, schema, `worker ${n}`, "open")));
  await dropSchema(url, schema);
});

test(
  "stores that claim, end and cancel at the same time never have more than the cap at once",
  on(unclocked, async ({ store, reopen }) => {
    const stores = [store, await reopen()];
    await fill(store, 40, () => ({ agent: "codex", name: "web" }));
    const caps = { ...NO_CAPS, perPool: 3 };
    const working = new Set<string>();
    let most = 0;
    const work = async (one: Store, name: string) => {
      for (let idle = 0; idle < 20; ) {
        const claimed = await one.claim(name, caps, LEASE_MS);
        if (!claimed) idle += 1;
        else {
          assert.ok(!working.has(claimed.run.id));
          working.add(claimed.run.id);
          most = Math.max(most, working.size);
          working.delete(claimed.run.id);
          await one.move(claimed.lease, "failed", {}, []);
        }
      }
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((n) => work(stores[n % 2]!, `worker ${n}`)));
    assert.ok(most <= 3, `${most} at once`);
    assert.equal((await store.runs({ states: ["failed"] })).length, 40);
  }),
);

test(
  "who reads on behind the last delivery misses none, however many receive at the same time",
  on(unclocked, async ({ store, reopen }) => {
    const others = [await reopen(), await reopen()];
    const total = 400;
    let sent = 0;
    const send = async (one: Store) => {
      while (sent++ < total) await one.receive(delivery(`d${sent}`));
    };
    const sending = Promise.all([...others, ...others, store].map(send));
    const read: string[] = [];
    let after: { forge: string; id: string } | null = null;
    while (read.length < total) {
      const next = await store.nextDeliveries(50, after);
      read.push(...next.map(({ id }) => id));
      after = next.at(-1) ?? after;
      if (next.length === 0) await store.changed("deliveries", AbortSignal.timeout(2_000));
    }
    await sending;
    assert.equal(new Set(read).size, total);
  }),
);

test(
  "runs enqueued at the same time are claimed in the order that ahead() tells",
  on(unclocked, async ({ store, reopen }) => {
    const other = await reopen();
    const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => enqueue(n % 2 ? store : other)));
    const places = await Promise.all(ids.map(async (id) => ({ id, ahead: await store.ahead(id) })));
    const expected = places.toSorted((a, b) => a.ahead - b.ahead).map(({ id }) => id);
    assert.deepEqual(await claimAll(other, NO_CAPS), expected);
  }),
);

test(
  "a change of one process wakes another before any timer does",
  on(unclocked, async (harness) => {
    const { store, url, schema } = harness as Stores;
    const other = await openPostgresStore({ url, schema, newId: randomUUID });
    const changes = {
      deliveries: () => store.receive(delivery()),
      queue: () => enqueue(store),
      effects: () => store.addEffects([comment("k")]),
    };
    for (const [what, change] of Object.entries(changes) as [
      keyof typeof changes,
      () => Promise<unknown>,
    ][]) {
      const begun = performance.now();
      const woken = other.changed(what, new AbortController().signal);
      await change();
      await woken;
      assert.ok(performance.now() - begun < 1_400, `${what} took until the timer`);
    }
    await other.close();
  }),
);

async function fill(
  store: Store,
  count: number,
  sketch: (n: number) => { agent: string; name: string },
): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { agent, name } = sketch(n);
    await enqueue(store, { agent, repo: { ...REPO, name } });
  }
}
