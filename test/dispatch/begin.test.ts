import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError, Refusal } from "../../src/model/errors.ts";
import { type DispatchDesk, openDesk } from "./desk.ts";
import { comment } from "./happenings.ts";

const FILE = ".forgejo/dispatch.yml";
const lastReply = async (desk: DispatchDesk) => (await desk.replies()).at(-1) ?? "";

test("what is not said comes from the bot's configuration", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch"));
  const request = (await desk.run())?.request;
  assert.deepEqual([request?.agent, request?.template, request?.timeoutMs], ["scripted", "coding", 60_000]);
});

test("every flag is kept with the run", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(
    comment(
      "/dispatch other:fast --template security --plan feature --var feature=tax --persona mentor --branch next --timeout 30s Add it",
    ),
  );
  assert.deepEqual((await desk.run())?.request, {
    agent: "other:fast",
    task: "Add it",
    template: "security",
    plan: "feature",
    variables: { feature: "tax" },
    persona: "mentor",
    branch: "next",
    tag: null,
    timeoutMs: 30_000,
  });
});

test("the repository's own defaults go before the bot's", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "agent: other\ntemplate: review\ntimeout: 20s\n");
  await desk.happen(comment("/dispatch"));
  const request = (await desk.run())?.request;
  assert.deepEqual([request?.agent, request?.template, request?.timeoutMs], ["other", "review", 20_000]);
});

test("a time limit only shrinks, whoever asks for more", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "timeout: 30s\n");
  await desk.happen(comment("/dispatch --timeout 2h do it"));
  assert.equal((await desk.run())?.request.timeoutMs, 30_000);
});

test("an agent the repository does not allow is refused with those it allows", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "agents: [scripted]\n");
  await desk.happen(comment("/dispatch other do it"));
  assert.match(await lastReply(desk), /`other` may not be used in this repository.*`scripted`/);
  assert.equal(await desk.run(), null);
});

test("a repository that names agents the bot does not have gets none of them", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "agents: [codex]\nagent: codex\n");
  await desk.happen(comment("/dispatch do it"));
  assert.match(await lastReply(desk), /may not be used in this repository. These may: none/);
});

test("a repository that is switched off says so", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "enabled: false\n");
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /switched off for this repository/);
});

test("a wrong file is told with file, line and key, and starts nothing", async (t) => {
  const desk = await openDesk(t);
  desk.forge.files.set(FILE, "agents: [scripted]\ncolour: red\n");
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /\.forgejo\/dispatch\.yml:2:1: colour/);
  assert.equal(await desk.run(), null);
});

test("a wrong file keeps nobody from cancelling", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch"));
  desk.forge.files.set(FILE, "colour: red\n");
  desk.clock.ms += 60_000;
  await desk.happen(comment("/dispatch cancel"));
  assert.equal((await desk.run())?.state, "cancelled");
});

test("an unknown agent, template, persona or plan is refused before there is a run", async (t) => {
  const desk = await openDesk(t);
  for (const [words, reason] of [
    ["nobody:x do it", /`nobody:x`|nobody/],
    ["--template nonsense do it", /nonsense/],
    ["--persona nonsense do it", /nonsense/],
    ["--plan nonsense do it", /nonsense/],
    ["--plan feature do it", /needs the variable/],
    ["--var a=b do it", /no plan that uses it/],
  ] as const) {
    await desk.happen(comment(`/dispatch ${words}`));
    assert.match(await lastReply(desk), reason);
  }
  assert.deepEqual(await desk.store.runs({}), []);
});

test("an agent that could not run now is refused with the fix", async (t) => {
  const checkAgent = async () => {
    throw new Refusal("choosing a runtime for scripted: docker is not ready", "Start it.");
  };
  const desk = await openDesk(t, { deps: { checkAgent } });
  await desk.happen(comment("/dispatch"));
  assert.match(await lastReply(desk), /Nothing was started: .*docker is not ready\n\nStart it\./);
  assert.equal(await desk.run(), null);
});

test("a dry run answers with the prompt and where it would work, and there is no run", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch --dry-run do it"));
  const reply = await lastReply(desk);
  for (const part of ["Dry run", "You are to round prices.", "/work/shop"]) assert.ok(reply.includes(part));
  assert.equal(await desk.run(), null);
});

test("a dry run that cannot be made tells why", async (t) => {
  const preview = async () => {
    throw new Refusal("choosing the base: no branch gone", "Name another.");
  };
  const desk = await openDesk(t, { deps: { preview } });
  await desk.happen(comment("/dispatch --dry-run --branch gone do it"));
  assert.match(await lastReply(desk), /no branch gone/);
});

test("the first status says how many wait before it, and that the queue is frozen", async (t) => {
  const desk = await openDesk(t);
  const body = async () => {
    const action = (await desk.effects()).at(-1)?.action;
    return action?.kind === "status" ? action.body : "";
  };
  await desk.happen(comment("/dispatch", {}, 1));
  assert.match(await body(), /nothing is ahead of it/);
  await desk.happen(comment("/dispatch", {}, 2));
  assert.match(await body(), /1 run is ahead of it/);
  await desk.store.setFrozen(true);
  await desk.happen(comment("/dispatch", {}, 3));
  assert.match(await body(), /2 runs are ahead of it.*frozen/);
});

test("a repository's file that the forge does not hand out now makes the command wait", async (t) => {
  const desk = await openDesk(t);
  desk.forge.fail("file", new ForgeError("reading a file: no answer", 0, true));
  await assert.rejects(desk.happen(comment("/dispatch")), /no answer/);
  assert.equal(await desk.run(), null);
});
