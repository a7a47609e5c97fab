import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reaction } from "../../src/model/effect.ts";
import { ForgeError, Refusal } from "../../src/model/errors.ts";
import type { RunState } from "../../src/model/run.ts";
import { answerEffects } from "../../src/report/answer.ts";
import { type DispatchDesk, openDesk } from "./desk.ts";
import { ALICE, comment } from "./happenings.ts";

const BLOCKED = ["running", "publishing", "blocked"] as const;
const FAILED = ["running", "publishing", "failed"] as const;

/** A run of issue 15 brought along these states, and what was said meanwhile forgotten. */
async function withRun(desk: DispatchDesk, ...states: readonly RunState[]): Promise<string> {
  await desk.happen(comment("/dispatch"));
  const run = await desk.run();
  if (states.length > 0) await desk.work(...states);
  return run?.id ?? "";
}

const lastReply = async (desk: DispatchDesk) => (await desk.replies()).at(-1) ?? "";

test("help is what the help says", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch help"));
  assert.equal(await lastReply(desk), "Commands: …");
});

test("status tells of the run that is here, else of the last one, else that there was none", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch status"));
  assert.match(await lastReply(desk), /There is no run on this issue yet/);
  await withRun(desk);
  await desk.happen(comment("/dispatch status"));
  assert.match(await lastReply(desk), /\*\*Queued\*\*/);
  await desk.work(...FAILED);
  await desk.happen(comment("/dispatch status"));
  assert.match(await lastReply(desk), /The last run \*\*failed\*\*/);
});

test("cancel ends a queued run at once, and the answer names who did it", async (t) => {
  const desk = await openDesk(t);
  const id = await withRun(desk);
  await desk.happen(comment("/dispatch cancel"));
  const run = await desk.store.run(id);
  assert.deepEqual([run?.state, run?.outcome], ["cancelled", { kind: "cancelled", by: "alice" }]);
  assert.match(await lastReply(desk), /Cancelled\*\* by alice/);
});

for (const state of ["preparing", "running", "publishing"] as const) {
  test(`cancel of a ${state} run only marks it: its worker stops it and answers`, async (t) => {
    const desk = await openDesk(t);
    const path = { preparing: [], running: ["running"], publishing: ["running", "publishing"] } as const;
    await withRun(desk);
    const { run } = await desk.work(...path[state]);
    await desk.happen(comment("/dispatch cancel"));
    const now = await desk.store.run(run.id);
    assert.deepEqual([now?.state, now?.cancelledBy?.login], [state, "alice"]);
    assert.deepEqual(await desk.replies(), []);
  });
}

test("cancel of a run that waits for an answer is answered, though its question was an answer already", async (t) => {
  const desk = await openDesk(t);
  const id = await withRun(desk);
  const { lease } = await desk.work("running");
  const outcome = { kind: "blocked", question: "Which?" } as const;
  const asked = await desk.store.move(lease, "publishing", { outcome }, []);
  await desk.store.move(lease, "blocked", {}, answerEffects({ ...asked, state: "blocked" }));
  assert.match(await lastReply(desk), /Which/);
  await desk.happen(comment("/dispatch cancel"));
  assert.equal((await desk.store.run(id))?.state, "cancelled");
  assert.match(await lastReply(desk), /Cancelled\*\* by alice/);
});

test("a run that is retried and cancelled again before it starts is answered each time", async (t) => {
  const desk = await openDesk(t);
  await withRun(desk);
  for (let round = 0; round < 3; round++) {
    await desk.happen(comment("/dispatch cancel"));
    await desk.happen(comment("/dispatch retry"));
  }
  const cancels = (await desk.replies()).filter((body) => /Cancelled/.test(body));
  assert.equal(cancels.length, 3);
  assert.equal((await desk.run())?.state, "queued");
});

test("cancel, retry and answer say so when there is nothing to act on", async (t) => {
  const desk = await openDesk(t);
  for (const command of ["cancel", "retry", "answer blue"])
    await desk.happen(comment(`/dispatch ${command}`));
  assert.deepEqual(
    (await desk.replies()).map((body) => body.slice(0, 23)),
    ["There is nothing to can", "There is nothing to ret", "There is nothing to ans"],
  );
});

for (const end of ["failed", "timed_out", "cancelled"] as const) {
  test(`retry puts a ${end} run back into the queue, with all that was asked for`, async (t) => {
    const desk = await openDesk(t);
    await desk.happen(comment("/dispatch other --branch next Round half up"));
    const before = await desk.run();
    await desk.work("running", "publishing", end);
    await desk.happen(comment("/dispatch retry"));
    const after = await desk.run();
    assert.deepEqual([after?.id, after?.state, after?.outcome], [before?.id, "queued", null]);
    assert.deepEqual(after?.request, before?.request);
    assert.equal(after?.trigger.commentId, before?.trigger.commentId);
  });
}

test("retry of a completed run, or of one that is still here, says why not", async (t) => {
  const desk = await openDesk(t);
  await withRun(desk);
  await desk.happen(comment("/dispatch retry"));
  assert.match(await lastReply(desk), /still queued/);
  await desk.work("running", "publishing", "completed");
  await desk.happen(comment("/dispatch retry"));
  assert.match(await lastReply(desk), /the last run completed/);
});

test("an answer goes back into the queue with its question, its words and who gave it", async (t) => {
  const desk = await openDesk(t);
  const id = await withRun(desk, ...BLOCKED);
  await desk.happen(comment("/dispatch answer The blue one.\n\nAnd no other."));
  const run = await desk.store.run(id);
  assert.equal(run?.state, "queued");
  const given = { question: "Which?", text: "The blue one.\n\nAnd no other.", by: ALICE };
  assert.deepEqual(run?.answers, [given]);
});

test("an answer to a run that asked nothing says so", async (t) => {
  const desk = await openDesk(t);
  await withRun(desk, "running");
  await desk.happen(comment("/dispatch answer blue"));
  assert.match(await lastReply(desk), /nothing to answer/);
});

test("a second dispatch says that a run is here, and of a blocked one how to go on", async (t) => {
  const desk = await openDesk(t);
  await withRun(desk);
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /is here already/);
  await desk.work(...BLOCKED);
  await desk.happen(comment("/dispatch other do it"));
  assert.match(await lastReply(desk), /waits for an answer/);
  assert.equal((await desk.store.runs({})).length, 1);
});

for (const [command, states] of [
  ["retry", FAILED],
  ["answer blue", BLOCKED],
] as const) {
  test(`${command} does not go round a repository that has since been switched off`, async (t) => {
    const desk = await openDesk(t);
    const id = await withRun(desk, ...states);
    desk.forge.files.set(".forgejo/dispatch.yml", "enabled: false\n");
    desk.clock.ms += 60_000;
    await desk.happen(comment(`/dispatch ${command}`));
    assert.match(await lastReply(desk), /switched off/);
    assert.equal((await desk.store.run(id))?.state, states[2]);
  });
}

for (const [commands, states, state] of [
  ["retry\n/dispatch fix it", FAILED, "queued"],
  ["cancel\n/dispatch answer yes", BLOCKED, "cancelled"],
  ["cancel\n/dispatch retry", [], "cancelled"],
  ["retry\n/dispatch cancel", FAILED, "queued"],
] as const) {
  test(`of ${commands.replace("\n", ", ")} in one comment the first is done, the other told why not`, async (t) => {
    const desk = await openDesk(t);
    const id = await withRun(desk, ...states);
    await desk.happen(comment(`/dispatch ${commands}`));
    assert.match(await lastReply(desk), /earlier command of this comment.*comment of its own/s);
    assert.equal((await desk.store.run(id))?.state, state);
    assert.equal((await desk.store.runs({})).length, 1);
  });
}

test("a cancel of a waiting run that a worker takes meanwhile stops it there, and nothing is said too early", async (t) => {
  let taken = false;
  const desk = await openDesk(t, {
    store: (store) => ({
      ...store,
      async settle(settlement) {
        if (!taken && settlement.changes.some(({ kind }) => kind === "cancel")) {
          taken = true;
          await desk.work("running");
        }
        return await store.settle(settlement);
      },
    }),
  });
  const id = await withRun(desk);
  await desk.happen(comment("/dispatch cancel"));
  const run = await desk.store.run(id);
  assert.deepEqual([run?.state, run?.cancelledBy?.login], ["running", "alice"]);
  assert.deepEqual(await desk.replies(), []);
});

async function reactions(desk: DispatchDesk): Promise<readonly Reaction[]> {
  return (await desk.effects()).flatMap(({ action }) => (action.kind === "react" ? [action.reaction] : []));
}

for (const [why, text] of [
  ["an unknown agent", "nobody:x do it"],
  ["nothing to retry", "retry"],
  ["nothing to cancel", "cancel"],
] as const) {
  test(`a command refused for ${why} does not look accepted`, async (t) => {
    const desk = await openDesk(t);
    await desk.happen(comment(`/dispatch ${text}`));
    assert.deepEqual(await reactions(desk), ["confused"]);
  });
}

test("a second dispatch on a busy issue does not look accepted; a dry run there is answered", async (t) => {
  const desk = await openDesk(t);
  await withRun(desk);
  await desk.happen(comment("/dispatch"));
  assert.deepEqual(await reactions(desk), ["eyes", "confused"]);
  await desk.happen(comment("/dispatch --dry-run"));
  assert.match(await lastReply(desk), /Dry run/);
});

test("what the forge finally refuses, or says of itself, is told to whoever may command", async (t) => {
  const desk = await openDesk(t);
  desk.forge.fail("file", new ForgeError("reading dispatch.yml: it is larger than 1 MiB", 413, false));
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /Nothing was started: reading dispatch\.yml: it is larger/);
  desk.forge.fail("file", new Refusal("reading dispatch.yml: too large", "make it smaller"));
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /too large\s+make it smaller/);
  assert.deepEqual(await reactions(desk), ["confused", "confused"]);
});

test("a dry run that fails, or takes too long, is told so", async (t) => {
  const previews = [
    async () => Promise.reject(new Refusal("running git fetch: no such branch", "name another")),
    () => new Promise<never>(() => {}),
  ];
  const preview = () => (previews.shift() as () => Promise<never>)();
  const desk = await openDesk(t, { deps: { previewMs: 20, preview } });
  await desk.happen(comment("/dispatch --dry-run"));
  assert.match(await lastReply(desk), /no such branch\s+name another/);
  await desk.happen(comment("/dispatch --dry-run"));
  assert.match(await lastReply(desk), /took longer than/);
});
