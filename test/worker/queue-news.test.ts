import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createLiveStatus } from "../../src/report/live-status.ts";
import type { Caps } from "../../src/store/store.ts";
import { queueNews } from "../../src/worker/queue-news.ts";
import { type Bench, NO_CAPS, openBench, REPO } from "./bench.ts";

const MINUTE = 60_000;

async function openNews(t: TestContext, caps: Partial<Caps> = {}, everyMs = 10_000) {
  const bench: Bench = await openBench(t);
  bench.config = { ...bench.config, caps: { ...NO_CAPS, ...caps } };
  const { store } = bench;
  const live = createLiveStatus({ store, everyMs, now: () => bench.clock.ms, onError: assert.ifError });
  t.after(() => live.close());
  const tell = queueNews({ store, config: () => bench.config, live });
  /** Tells the news a minute later, and returns what stands on the issue. */
  const news = async (issue: number) => {
    bench.clock.ms += MINUTE;
    await tell();
    await bench.outbox.flush();
    return await bench.status(issue);
  };
  return { bench, tell, news };
}

test("each waiting run is told how many go before it, and that anew when it changes", async (t) => {
  const { bench, news } = await openNews(t);
  for (const issue of [1, 2, 3]) await bench.enqueue({ issue });
  assert.match(await news(1), /nothing is ahead of it/);
  assert.match(await news(3), /2 runs are ahead of it/);
  await bench.work(await bench.claim());
  assert.match(await news(3), /1 run is ahead of it/);
});

test("nothing is said again that stands there, and nothing at all of an empty queue", async (t) => {
  const { bench, news } = await openNews(t);
  await news(1);
  assert.deepEqual(bench.forge.calls, []);
  await bench.enqueue({ issue: 1 });
  await news(1);
  const before = bench.forge.calls.length;
  await news(1);
  assert.equal(bench.forge.calls.length, before);
});

test("a comment is not edited again at once, and then with what is true", async (t) => {
  const { bench, tell } = await openNews(t, {}, 100);
  await bench.enqueue({ issue: 1 });
  await bench.enqueue({ issue: 2 });
  bench.clock.ms += MINUTE;
  await tell();
  await bench.work(await bench.claim());
  bench.clock.ms += 50;
  await tell();
  await bench.outbox.flush();
  assert.match(await bench.status(2), /1 run is ahead of it/);
  while (!/nothing is ahead of it/.test(await bench.status(2))) {
    await setImmediate();
    await bench.outbox.flush();
  }
});

test("a freeze is told before all else", async (t) => {
  const { bench, news } = await openNews(t);
  await bench.enqueue({ issue: 1 });
  await bench.store.pausePool("scripted", bench.clock.ms + 60 * MINUTE);
  await bench.store.setFrozen(true);
  assert.match(await news(1), /frozen by an admin/);
  await bench.store.setFrozen(false);
  assert.match(await news(1), /`scripted` is paused until/);
});

test("a pause is told to the runs of its pool only, and no longer when it is over", async (t) => {
  const { bench, news } = await openNews(t);
  await bench.enqueue({ issue: 1 });
  await bench.enqueue({ issue: 2, agent: "other" });
  await bench.store.pausePool("scripted", bench.clock.ms + 2 * MINUTE);
  assert.match(await news(1), /paused until/);
  assert.doesNotMatch(await bench.status(2), /paused/);
  assert.doesNotMatch(await news(1), /paused/);
});

const elsewhere = { ...REPO, name: "site" };

for (const [name, caps, waiting, waits] of [
  ["in total", { total: 1 }, { agent: "other", repo: elsewhere }, true],
  ["a pool", { perPool: 1 }, { agent: "scripted:b" }, true],
  ["a pool by name", { perPool: 5, pools: { scripted: 1 } }, { agent: "scripted:b" }, true],
  ["a model", { models: { "scripted:a": 1 } }, { agent: "scripted:a" }, true],
  ["a repository", { perRepository: 1 }, { agent: "other" }, true],
  ["another pool", { perPool: 1 }, { agent: "other" }, false],
  ["another model", { models: { "scripted:a": 1 } }, { agent: "scripted:b" }, false],
  ["another repository", { perRepository: 1 }, { repo: elsewhere }, false],
] as const) {
  test(`a full cap of ${name} ${waits ? "is" : "is not"} why a run waits`, async (t) => {
    const { bench, news } = await openNews(t, caps);
    await bench.enqueue({ issue: 1, agent: "scripted:a" });
    await bench.claim();
    await bench.enqueue({ issue: 2, id: "waits", ...waiting });
    const repo = (await bench.store.run("waits"))?.repo;
    await news(2);
    const said = bench.forge.said.filter(({ issue }) => issue === 2).map(({ body }) => body);
    assert.equal(said.length, 1, repo?.name);
    assert.equal(/as soon as a place is free/.test(said[0] ?? ""), waits);
  });
}
