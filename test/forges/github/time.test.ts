import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../../src/model/errors.ts";
import { ours } from "../../fakes/forge.ts";
import { connect } from "./connect.ts";

const entry = {
  key: "run-1.1",
  seconds: 83,
  startedAt: 1_793_526_000_000,
  endedAt: 1_793_526_083_000,
  ok: true,
};
const change = { by: "alice", branch: "work", files: { "a.txt": "1" }, message: "Add a" };

test("an App shows the exact time as a check run, once for each attempt", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const sha = await world.commit(name, change);
  assert.equal(await forge.bookTime(repo, 1, { ...entry, sha }, ours), "booked");
  assert.equal(await forge.bookTime(repo, 1, { ...entry, sha }, ours), "booked");
  const [run, ...more] = world.checkRuns(name, sha) as Record<string, unknown>[];
  assert.equal(more.length, 0);
  assert.deepEqual([run?.name, run?.external_id, run?.conclusion], ["agent-dispatch", "run-1.1", "success"]);
  assert.equal(Date.parse(String(run?.completed_at)) - Date.parse(String(run?.started_at)), 83_000);
  await forge.bookTime(repo, 1, { ...entry, key: "run-1.2", ok: false, sha }, ours);
  assert.equal((world.checkRuns(name, sha)[1] as Record<string, unknown>).conclusion, "failure");
  assert.deepEqual(world.violations(), []);
});

test("without a commit, or with a token, the time stands in the comment", async (t) => {
  const app = await connect(t);
  assert.equal(await app.forge.bookTime(app.repo, 1, { ...entry, sha: null }, ours), "shown in the comment");
  const token = await connect(t, "token");
  const sha = await token.world.commit(token.name, change);
  assert.equal(await token.forge.bookTime(token.repo, 1, { ...entry, sha }, ours), "shown in the comment");
  assert.equal(token.world.checkRuns(token.name, sha).length, 0);
});

test("an App without the permission for checks leaves it to the comment, but a limit is tried again", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const sha = await world.commit(name, change);
  const end = world.fail("GET", /\/check-runs$/, 403);
  assert.equal(await forge.bookTime(repo, 1, { ...entry, sha }, ours), "shown in the comment");
  end();
  world.fail("POST", /\/check-runs$/, 403, { headers: { "retry-after": "5" } });
  await assert.rejects(forge.bookTime(repo, 1, { ...entry, sha }, ours), {
    name: "ForgeError",
    retryable: true,
  });
});

test("there is no clock to start", async (t) => {
  const { forge, repo } = await connect(t);
  assert.equal(await forge.startStopwatch(repo, 1, ours), undefined);
});

test("no check run is made by who finds between looking and making that another may have", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const sha = await world.commit(name, change);
  const notOurs = () => {
    throw new ForgeError("not ours any more", 0, true);
  };
  await assert.rejects(
    forge.bookTime(repo, 1, { ...entry, sha }, notOurs),
    /^ForgeError: not ours any more$/,
  );
  assert.equal(world.checkRuns(name, sha).length, 0);
});
