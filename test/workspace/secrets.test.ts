import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { needlesFor } from "../../src/workspace/needles.ts";
import { git, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

const SECRET = "sk-live/4f+9a=Zq1";

async function found(t: TestContext, work: (checkout: string) => Promise<unknown>) {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  await work(prepared.folders.checkout);
  const collected = await room.collect(run, prepared);
  assert.ok(collected);
  const secrets = ["other-secret-value", SECRET];
  return await room.workspaces.findSecret({ workspace: prepared.workspace, sha: collected.sha, secrets });
}

test("work without a secret is clean", async (t) => {
  assert.equal(await found(t, (dir) => writeFiles(dir, { "a.txt": "sk-live is how they begin" })), null);
});

test("a secret is found in a file, whatever its form", async (t) => {
  const forms = [SECRET, encodeURIComponent(SECRET), Buffer.from(`key: ${SECRET}!`).toString("base64")];
  for (const form of forms) {
    assert.equal(
      await found(t, (dir) => writeFiles(dir, { "deep/conf.txt": `x\n${form}\n` })),
      "deep/conf.txt",
    );
  }
});

test("a secret is found in a binary file, a link and a file's name", async (t) => {
  const binary = Buffer.concat([randomBytes(70_000), Buffer.from(SECRET), randomBytes(70_000)]).toString(
    "latin1",
  );
  assert.equal(await found(t, (dir) => writeFiles(dir, { "x.bin": binary })), "x.bin");
  assert.equal(await found(t, (dir) => symlink(`/x/${SECRET}`, join(dir, "link"))), "link");
  const name = `docs/${SECRET.replace("/", "")}-other-secret-value.txt`;
  assert.equal(await found(t, (dir) => writeFiles(dir, { [name]: "empty" })), name);
});

test("a secret that was committed and taken out again is found, since its commit would be pushed", async (t) => {
  const place = await found(t, async (dir) => {
    await writeFiles(dir, { "oops.txt": SECRET });
    await git(dir, "add", "-A");
    await git(dir, "commit", "-q", "-m", "oops");
    await writeFiles(dir, { "oops.txt": "nothing" });
  });
  assert.equal(place, "oops.txt");
});

test("a secret in the name of a file whose content the base has already is found", async (t) => {
  const place = await found(t, async (dir) => {
    await writeFiles(dir, { "docs/other-secret-value.txt": "# Shop\n" });
    await git(dir, "add", "-A");
    await git(dir, "commit", "-q", "-m", "same content");
    await git(dir, "mv", "docs/other-secret-value.txt", "docs/plain.txt");
    await git(dir, "commit", "-q", "-m", "renamed");
  });
  assert.match(place ?? "", /^a file's name in "\/docs"|^docs\/other-secret-value/);
  assert.match(
    (await found(t, (dir) => writeFiles(dir, { "other-secret-value": "# Shop\n" }))) ?? "",
    /other-secret-value/,
  );
});

test("a secret in a branch's name is found", async (t) => {
  const room = await openRoom(t);
  const run = room.run({ issue: { title: "other-secret-value" } });
  const prepared = await room.prepare(run);
  await writeFiles(prepared.folders.checkout, { "a.txt": "a" });
  const work = await room.collect(run, prepared);
  const secrets = ["other-secret-value"];
  const { workspace } = prepared;
  const search = { workspace, sha: work?.sha ?? "", secrets };
  assert.equal(await room.workspaces.findSecret(search), "the branch's name");
});

test("a secret in a commit's author or a tag of the agent's is never published", async (t) => {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  await writeFiles(checkout, { "a.txt": "a" });
  await git(checkout, "add", "-A");
  await git(checkout, "commit", "-q", "-m", "a", "--author", "other-secret-value <s@example.org>");
  await git(checkout, "tag", "-a", "-m", "other-secret-value", "other-secret-value");
  const work = await room.collect(run, prepared);
  await room.push(prepared, work?.sha ?? "");
  const all = await room.remote.bare("log", "--all", "--format=fuller");
  const refs = await room.remote.bare("for-each-ref");
  assert.ok(!all.includes("other-secret-value") && !refs.includes("other-secret-value"));
});

test("a secret in a commit message is found", async (t) => {
  const place = await found(t, async (dir) => {
    await writeFiles(dir, { "a.txt": "a" });
    await git(dir, "add", "-A");
    await git(dir, "commit", "-q", "-m", `with ${SECRET}`);
  });
  assert.match(place ?? "", /^the commit message of [0-9a-f]{10}$/);
});

test("a secret is found in base64 wherever it stood in the encoded text", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ minLength: 8 }), fc.uint8Array(), (before, secret, after) => {
      fc.pre(secret.trim().length >= 8);
      const text = Buffer.concat([before, Buffer.from(secret.trim()), after]);
      for (const encoding of ["base64", "base64url"] as const) {
        const encoded = Buffer.from(text.toString(encoding));
        assert.ok(needlesFor([secret]).some((needle) => encoded.includes(needle)));
      }
    }),
  );
});

test("blank and short values are not looked for: they would be found everywhere", () => {
  assert.deepEqual(needlesFor(["", "   ", "true", "1234567"]), []);
});
