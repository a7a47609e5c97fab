import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimeEntry } from "../../../src/forges/forge.ts";
import { ours } from "../../fakes/forge.ts";
import type { Place, Setting } from "./setting.ts";

const START = Date.parse("2026-11-01T10:00:00.250Z");

export function timeContract(setting: () => Setting): void {
  /** A pull request, so that there is a commit to book on where that is how it is done. */
  async function work(): Promise<Place & { number: number; sha: string }> {
    const { world, repo, forge } = setting();
    const place = await repo();
    const files = { "a.txt": "a" };
    const sha = await world.commit(place.name, { by: "ada", branch: "work", files, message: "Work" });
    const pull = { head: "work", base: "main", title: "Work", body: "", draft: false };
    const { number } = await forge.openPull(place.ref, pull);
    return { ...place, number, sha };
  }

  function entry(key: string, seconds: number, sha: string | null): TimeEntry {
    return { key, seconds, startedAt: START, endedAt: START + seconds * 1000, sha, ok: true };
  }

  test("the seconds of an attempt are booked once, however often it is asked", async () => {
    const { forge, world } = setting();
    const { name, ref, number, sha } = await work();
    await forge.startStopwatch(ref, number, ours);
    const first = await forge.bookTime(ref, number, entry("run/1", 95, sha), ours);
    const times = await world.bookedTime(name, number);
    assert.deepEqual(times, first === "booked" ? [{ seconds: 95, by: world.bot.login }] : []);
    assert.equal(await forge.bookTime(ref, number, entry("run/1", 95, sha), ours), first);
    assert.deepEqual(await world.bookedTime(name, number), times);
  });

  test("two attempts of the same length are booked apart", async () => {
    const { forge, world } = setting();
    const { name, ref, number, sha } = await work();
    const first = entry("run/1", 60, sha);
    const second = {
      ...first,
      key: "run/2",
      startedAt: first.endedAt + 5_000,
      endedAt: first.endedAt + 65_000,
    };
    const booked = await forge.bookTime(ref, number, first, ours);
    await forge.bookTime(ref, number, second, ours);
    assert.equal((await world.bookedTime(name, number)).length, booked === "booked" ? 2 : 0);
  });

  test("no stopwatch of the bot is left running", async () => {
    const { forge, world } = setting();
    const { ref, number, sha } = await work();
    await forge.startStopwatch(ref, number, ours);
    await forge.startStopwatch(ref, number, ours);
    await forge.bookTime(ref, number, entry("run/1", 10, sha), ours);
    assert.deepEqual(await world.runningStopwatches(world.bot.login), []);
  });
}
