/** Several processes on one file, and one that dies while it writes. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { delivery, enqueue, REPO } from "../contract/harness.ts";
import { startChild, withFile } from "./database.ts";

const open = (file: string) => openSqliteStore({ file, now: Date.now, newId: randomUUID });

function lines(child: ChildProcess): AsyncIterator<string> {
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
}

async function rest(from: AsyncIterator<string>): Promise<string[]> {
  const all: string[] = [];
  for (let next = await from.next(); !next.done; next = await from.next()) all.push(next.value);
  return all;
}

test(
  "after kill -9 every delivery that was acknowledged is there, again and again",
  withFile(async (file) => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const child = startChild("receive", file, `round ${round}`);
      const ended = once(child, "close");
      const enough = acknowledged.size + 200 + round * 77;
      const output = lines(child);
      for (let next = await output.next(); !next.done; next = await output.next()) {
        acknowledged.add(next.value);
        if (acknowledged.size >= enough) child.kill("SIGKILL");
      }
      assert.deepEqual(await ended, [null, "SIGKILL"]);
    }
    const store = await open(file);
    const stored = new Set((await store.nextDeliveries(1_000_000)).map(({ id }) => id));
    assert.deepEqual(
      [...acknowledged].filter((id) => !stored.has(id)),
      [],
    );
    const [some] = acknowledged;
    assert.equal(await store.receive(delivery(some)), false);
    await store.close();
  }),
);

test(
  "processes that claim from one file at the same time keep the caps together",
  withFile(async (file) => {
    const store = await open(file);
    for (let n = 0; n < 60; n++) {
      await enqueue(store, { agent: n % 2 ? "codex" : "claude", repo: { ...REPO, name: `r${n % 6}` } });
    }
    const caps = { total: 30, perRepository: 6, perPool: 20, pools: { claude: 11 }, models: {} };
    const children = [1, 2, 3].map((n) => startChild("claim", file, `worker ${n}`, JSON.stringify(caps)));
    const ends = children.map((child) => once(child, "close"));
    const outputs = children.map(lines);
    for (const output of outputs) assert.equal((await output.next()).value, "ready");
    for (const child of children) child.stdin?.end();
    const claimed = (await Promise.all(outputs.map(rest))).flat();
    for (const end of ends) assert.deepEqual(await end, [0, null]);
    const pools = Object.groupBy(claimed, (line) => line.split(" ")[0]!);
    assert.equal(new Set(claimed).size, claimed.length);
    assert.equal(pools.claude?.length, 11);
    assert.equal(pools.codex?.length, 18, "three repositories of six have codex runs, six at most each");
    await store.close();
  }),
);
