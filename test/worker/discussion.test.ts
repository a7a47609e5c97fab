import assert from "node:assert/strict";
import { test } from "node:test";
import type { Access, Comment } from "../../src/forges/forge.ts";
import { ForgeError } from "../../src/model/errors.ts";
import { discussion } from "../../src/worker/prepare.ts";
import { FakeForge } from "../fakes/forge.ts";
import { sampleRun } from "../report/sample-run.ts";

const run = sampleRun();
const AT = run.trigger.at;
const WRITER = { id: 7, login: "octocat" };
const STRANGER = { id: 8, login: "passerby" };

/** A forge on which these comments were written, and who may do what. */
function forgeWith(
  comments: readonly Partial<Comment>[],
  levels: Readonly<Record<number, Access["level"]>> = {},
) {
  const forge = new FakeForge("codeberg");
  for (const [id, level] of Object.entries({ 7: "write", 8: "none", ...levels } as const))
    forge.levels.set(Number(id), { level, bot: false, why: "" });
  for (const [index, one] of comments.entries()) {
    const createdAt = one.createdAt ?? AT - 60_000;
    forge.said.push({
      id: `c${index}`,
      author: WRITER,
      body: `comment ${index}`,
      createdAt,
      updatedAt: createdAt,
      url: "",
      repo: "acme/shop",
      issue: 15,
      ...one,
    });
  }
  return forge;
}

const heard = async (forge: FakeForge, trustedWriters: readonly string[] = []) =>
  (await discussion(run, forge, { trustedWriters })).map(({ body, trusted }) => [body, trusted]);

test("comments before the command are taken in their order, with whether their authors may write", async () => {
  const forge = forgeWith([{ body: "one" }, { body: "two", author: STRANGER }, { body: "three" }]);
  assert.deepEqual(await heard(forge), [
    ["one", true],
    ["two", false],
    ["three", true],
  ]);
});

test("a comment written after the command is left out, whoever wrote it", async () => {
  const forge = forgeWith([
    { body: "before", createdAt: AT },
    { body: "after", createdAt: AT + 1 },
  ]);
  assert.deepEqual(await heard(forge), [["before", true]]);
});

test("a comment edited after the command is left out: what stood there at the time is not known", async () => {
  const forge = forgeWith([
    { body: "slipped in", updatedAt: AT + 1 },
    { body: "edited before", updatedAt: AT },
  ]);
  assert.deepEqual(await heard(forge), [["edited before", true]]);
});

test("the command itself and the bot's own words are left out", async () => {
  const forge = forgeWith([{ id: "90", body: "/dispatch" }, { body: "Queued." }, { body: "said" }]);
  forge.said[1] = { ...forge.said[1]!, author: forge.bot };
  assert.deepEqual(await heard(forge), [["said", true]]);
});

test("who only reads is not trusted, nor one the forge does not tell of, unless the admin listed the login", async () => {
  const forge = forgeWith(
    [
      { body: "reads", author: { id: 9, login: "reader" } },
      { body: "unknown", author: { id: 10, login: "Vouched" } },
    ],
    { 9: "read", 10: "unknown" },
  );
  const both = (second: boolean) => [
    ["reads", false],
    ["unknown", second],
  ];
  assert.deepEqual(await heard(forge), both(false));
  assert.deepEqual(await heard(forge, ["reader", "vouched"]), both(true));
});

test("the forge is asked once about each person", async () => {
  const forge = forgeWith([{}, {}, { author: STRANGER }, {}, { author: STRANGER }]);
  await heard(forge);
  assert.equal(forge.calls.filter((call) => call === "access").length, 2);
});

test("a forge that does not answer leaves nobody trusted by mistake", async () => {
  const forge = forgeWith([{}]);
  forge.fail("access", new ForgeError("asking: no answer", 0, true));
  await assert.rejects(heard(forge), /no answer/);
});
