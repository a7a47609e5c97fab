/** The killer: who is killed, and who is only stopped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKiller, type Kill, type Victim } from "./killer.ts";
import type { Random } from "./random.ts";
import type { StoreView } from "./store-view.ts";

/** Kills at any moment, as soon as can be; the first of all choices. */
const RANDOM: Random = {
  next: () => 0,
  between: (from) => from,
  chance: () => false,
  pick: (from) => from[0]!,
  weighted: <K extends string>(weights: Readonly<Record<K, number>>) =>
    ("moment" in weights ? "moment" : Object.keys(weights)[0]) as K,
};
const VIEW: StoreView = {
  sight: async () => ({ held: [], queued: 0, openDeliveries: 0, waitingEffects: 0, begunEffects: 0 }),
  facts: async () => ({ runs: [], openDeliveries: 0, waitingEffects: 0, givenUp: [], setAside: [] }),
  close: async () => {},
};

function victim(name: string, did: string[], freezes: boolean): Victim {
  let state: ReturnType<Victim["state"]> = "ready";
  const turn = (what: string, to: typeof state) => {
    did.push(`${what} ${name}`);
    state = to;
  };
  const up = async (what: string) => {
    turn(what, "ready");
    return 1;
  };
  return {
    name,
    weight: 1,
    state: () => state,
    kill: async () => turn("kill", "down"),
    start: async () => await up("start"),
    downMs: () => 0,
    ...(freezes && { freeze: () => turn("freeze", "down"), thaw: async () => await up("thaw") }),
  };
}

test("each so manieth is stopped and goes on, and one that cannot be stopped is only ever killed", async () => {
  const did: string[] = [];
  const kills: Kill[] = [];
  const killer = createKiller({
    victims: [victim("database", did, false), victim("worker", did, true)],
    kills: 6,
    stopEach: 3,
    stopMs: 5,
    random: RANDOM,
    view: VIEW,
    signal: new AbortController().signal,
    killed: (kill) => void kills.push(kill),
    ready: () => {},
  });
  await killer.run();
  assert.deepEqual(
    kills.map(({ stopped }) => stopped),
    [false, true, false, false, true, false],
  );
  assert.deepEqual(
    kills.filter(({ stopped }) => stopped).map(({ victim: name, aim }) => `${aim} ${name}`),
    ["stopped worker", "stopped worker"],
  );
  const count = (what: string) => did.filter((one) => one.startsWith(what)).length;
  assert.deepEqual(
    [count("freeze worker"), count("thaw worker"), count("kill"), count("start")],
    [2, 2, 4, 4],
  );
});
