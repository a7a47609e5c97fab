import assert from "node:assert/strict";
import { test } from "node:test";
import { closedLanes, type Look } from "../../../src/store/postgres/lanes.ts";
import type { Caps } from "../../../src/store/store.ts";

const CAPS: Caps = { total: null, perRepository: null, perPool: null, pools: {}, models: {} };
const place = { pool: "codex", model: "", forge: "github", owner: "acme", name: "web" };
const lane = (name: string, also: Partial<Look["lanes"][number]> = {}) => ({
  ...place,
  keeper: "",
  lane: name,
  ...also,
});

function closed(look: Partial<Look>, caps: Partial<Caps> = {}, forges: readonly string[] = []) {
  const whole: Look = { frozen: false, paused: [], living: [], leased: [], lanes: [], ...look };
  return closedLanes(whole, "me", { ...CAPS, ...caps }, forges);
}

test("a lane is closed by its pool's pause, its forge, and its keeper while that lives", () => {
  const lanes = [
    lane("open"),
    lane("paused", { pool: "claude" }),
    lane("elsewhere", { forge: "codeberg" }),
    lane("kept", { keeper: "other" }),
    lane("of the gone", { keeper: "gone" }),
    lane("mine", { keeper: "me" }),
  ];
  const look = { lanes, paused: ["claude"], living: ["other", "me"] };
  assert.deepEqual(closed(look, {}, ["codeberg"]), ["paused", "elsewhere", "kept"]);
});

test("a lane is closed by the cap of its pool, model or repository, however that is spelt", () => {
  const lanes = [
    lane("open", { pool: "gemini", name: "api" }),
    lane("pool", { name: "other" }),
    lane("model", { pool: "claude", model: "opus", name: "other" }),
    lane("repository", { pool: "gemini", owner: "ACME" }),
  ];
  const state = "running" as const;
  const leased = [
    { ...place, state },
    { ...place, state, pool: "claude", model: "opus", name: "third" },
  ];
  const caps = { perRepository: 1, pools: { codex: 1 }, models: { "claude:opus": 1 } };
  assert.deepEqual(closed({ lanes, leased }, caps), ["pool", "model", "repository"]);
});

test("when nothing may be claimed the queue need not be asked", () => {
  assert.equal(
    closed({ lanes: [lane("one")], leased: [{ ...place, state: "running" }] }, { total: 1 }),
    null,
  );
  assert.equal(closed({ lanes: [lane("one")], paused: ["codex"] }), null);
});
