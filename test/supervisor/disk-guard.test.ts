import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createDiskGuard, type Space } from "../../src/supervisor/disk-guard.ts";

const PATH = "/usr/bin:/bin";
const MB = 2 ** 20;

/** A guard over runs with so many megabytes each, on a disk as it is told. */
async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "guard-"));
  // The guard itself keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  t.after(async () => {
    clearInterval(alive);
    await rm(dir, { recursive: true, force: true });
  });
  let free: Space = { bytes: 1e12, files: 1e9 };
  let looks = 0;
  const waiting: { readonly look: number; readonly done: () => void }[] = [];
  const guard = createDiskGuard({
    root: dir,
    leastFree: 100 * MB,
    everyMs: 1,
    path: PATH,
    space: async () => {
      looks += 1;
      for (const { look, done } of waiting) if (looks > look) done();
      return free;
    },
  });
  return {
    dir,
    guard,
    /** From the next round on. */
    left: (space: Partial<Space>) => {
      free = { ...free, ...space };
    },
    /** Resolves when so many more whole rounds are over. */
    looked: async (rounds: number) => {
      const look = looks + rounds;
      await new Promise<void>((done) => waiting.push({ look, done }));
    },
    async run(name: string, megabytes: number, limitBytes: number | null) {
      const folder = join(dir, name);
      await mkdir(folder);
      await writeFile(join(folder, "file"), Buffer.alloc(megabytes * MB, 1));
      const ended = Promise.withResolvers<string>();
      const ends: string[] = [];
      const end = (why: string) => {
        ends.push(why);
        ended.resolve(why);
      };
      const stop = guard.watch({ folders: [folder], limitBytes, end });
      return { folder, stop, ends, ended: ended.promise };
    },
  };
}

test("an agent whose folders grow beyond its limit is ended once, and others are not", async (t) => {
  const { run, looked } = await open(t);
  const small = await run("small", 1, 8 * MB);
  const big = await run("big", 1, 8 * MB);
  await looked(2);
  assert.deepEqual([small.ends, big.ends], [[], []]);
  await writeFile(join(big.folder, "more"), Buffer.alloc(8 * MB, 1));
  assert.equal(await big.ended, "disk");
  await looked(4);
  assert.deepEqual([small.ends, big.ends], [[], ["disk"]]);
});

test("a link to somewhere else is not followed", async (t) => {
  const { dir, run, looked } = await open(t);
  await mkdir(join(dir, "elsewhere"));
  await writeFile(join(dir, "elsewhere/file"), Buffer.alloc(9 * MB, 1));
  const linked = await run("linked", 0, 4 * MB);
  await symlink(join(dir, "elsewhere"), join(linked.folder, "link"));
  await looked(2);
  assert.deepEqual(linked.ends, []);
});

test("without a limit nothing is measured while there is space, and nothing ended", async (t) => {
  const { run, looked } = await open(t);
  const { ends } = await run("a", 2, null);
  await looked(3);
  assert.deepEqual(ends, []);
});

for (const low of [{ bytes: 50 * MB }, { files: 100 }]) {
  test(`with few ${Object.keys(low)} left, who takes up most is stopped, and the next only if it gets worse`, async (t) => {
    const worse = Object.fromEntries(Object.entries(low).map(([key, value]) => [key, value / 2]));
    const { run, looked, left } = await open(t);
    const [a, b, c] = [await run("a", 1, null), await run("b", 4, null), await run("c", 2, null)];
    left(low);
    assert.equal(await b.ended, "full");
    await looked(2);
    assert.deepEqual(c.ends, []);
    left(worse);
    assert.equal(await c.ended, "full");
    await looked(2);
    assert.deepEqual([a.ends, b.ends, c.ends], [[], ["full"], ["full"]]);
  });
}

test("a run that is watched no more is not ended", async (t) => {
  const { run, looked } = await open(t);
  const gone = await run("gone", 2, 1 * MB);
  gone.stop();
  const other = await run("other", 0, 1 * MB);
  await looked(2);
  assert.deepEqual([gone.ends, other.ends], [[], []]);
});
