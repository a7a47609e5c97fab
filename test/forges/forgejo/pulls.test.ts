import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { openForgejo } from "./world.ts";

test("a file of more than 1 MiB is refused, one of exactly that is read", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t);
  const mib = "x".repeat(1024 * 1024);
  const files = { "fits.txt": mib, "large.txt": `${mib}x`, "empty.txt": "" };
  await world.commit(name, { by: "acme", branch: "main", files, message: "Files" });
  assert.equal((await forge.file(ref, "fits.txt"))?.length, mib.length);
  assert.equal(await forge.file(ref, "empty.txt"), "");
  await assert.rejects(forge.file(ref, "large.txt"), /larger than 1 MiB/);
});

test("a file's odd name does not change what is asked for", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t);
  const path = "a folder/x?y#z {b}%2f.txt";
  await world.commit(name, { by: "acme", branch: "main", files: { [path]: "odd" }, message: "Odd" });
  assert.equal(await forge.file(ref, path), "odd");
});

test("the title of a draft says that it is one", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t);
  await world.commit(name, { by: "acme", branch: "work", files: { a: "a" }, message: "Work" });
  await forge.openPull(ref, { head: "work", base: "main", title: "Fix", body: "", draft: true });
  assert.equal((await world.pulls(name))[0]?.title, "WIP: Fix");
});

test("an empty review is refused by the forge in its own words", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t);
  await world.commit(name, { by: "acme", branch: "work", files: { a: "a" }, message: "Work" });
  const number = await world.openPull(name, { by: "acme", head: "work", base: "main", title: "Fix" });
  await assert.rejects(forge.review(ref, number, "", ours), /answered 422 \(body is required\)/);
});

test("a review left pending is no review yet", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t);
  await world.commit(name, { by: "acme", branch: "work", files: { a: "a" }, message: "Work" });
  const number = await world.openPull(name, { by: "acme", head: "work", base: "main", title: "Fix" });
  const made = await fetch(`${world.url}/api/v1/repos/${name}/pulls/${number}/reviews`, {
    method: "POST",
    headers: { authorization: `token ${world.bot.token}`, "content-type": "application/json" },
    body: JSON.stringify({ body: "Draft", event: "" }),
  });
  assert.equal(made.status, 200);
  assert.equal((await world.reviews(name, number))[0]?.state, "PENDING");
  assert.deepEqual(await forge.reviews(ref, number), []);
});

test("git is reached at the instance's own address, as the bot", async (t) => {
  const { world, forge, ref } = await openForgejo(t);
  const { url, username, password } = await forge.gitCredential(ref);
  assert.deepEqual([url, username, password], [`${world.url}/acme/app.git`, "dispatch-bot", world.bot.token]);
});
