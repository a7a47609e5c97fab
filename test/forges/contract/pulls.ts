import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import type { Place, Setting } from "./setting.ts";

const NEW = { head: "agent/fix-1", base: "main", title: "Fix", body: "Closes #1", draft: false } as const;

export function pullContract(setting: () => Setting): void {
  async function branch(): Promise<Place & { sha: string }> {
    const { world, repo } = setting();
    const place = await repo();
    const files = { "fix.txt": "fixed\n" };
    const sha = await world.commit(place.name, { by: "ada", branch: NEW.head, files, message: "Fix" });
    return { ...place, sha };
  }

  test("a repository tells its default branch and page", async () => {
    const { forge, repo } = setting();
    const place = await repo();
    const repository = await forge.repository(place.ref);
    assert.equal(repository.defaultBranch, "main");
    assert.equal(repository.private, false);
    assert.ok(repository.url.endsWith(place.name));
  });

  test("a file is read from the default branch only, and may be missing", async () => {
    const { forge, world, repo } = setting();
    const { name, ref } = await repo();
    const path = ".config/dispatch.yml";
    assert.equal(await forge.file(ref, path), null);
    await world.commit(name, { by: "ada", branch: "other", files: { [path]: "bad: 1\n" }, message: "Other" });
    assert.equal(await forge.file(ref, path), null);
    await world.commit(name, { by: "ada", branch: "main", files: { [path]: "grüße: 1\n" }, message: "Main" });
    assert.equal(await forge.file(ref, path), "grüße: 1\n");
    assert.equal(await forge.file(ref, ".config"), null);
  });

  test("a pull request is opened once; asked for again, it is the same", async () => {
    const { forge, world } = setting();
    const { name, ref } = await branch();
    const first = await forge.openPull(ref, NEW);
    const again = await forge.openPull(ref, NEW);
    assert.equal(first.opened, true);
    assert.deepEqual(again, { ...first, opened: false });
    const [pull, ...more] = await world.pulls(name);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [pull?.number, pull?.title, pull?.body, pull?.head, pull?.base, pull?.draft],
      [first.number, "Fix", "Closes #1", NEW.head, "main", false],
    );
  });

  test("a draft is a draft by the forge's own means", async () => {
    const { forge, world } = setting();
    const { name, ref } = await branch();
    await forge.openPull(ref, { ...NEW, draft: true });
    assert.equal((await world.pulls(name))[0]?.draft, true);
  });

  test("a pull request tells its branches and where its head is", async () => {
    const { forge } = setting();
    const { ref, sha } = await branch();
    const { number, url } = await forge.openPull(ref, NEW);
    assert.deepEqual(await forge.pull(ref, number), {
      number,
      url,
      title: "Fix",
      open: true,
      headBranch: NEW.head,
      headSha: sha,
      headRepo: ref,
      baseBranch: "main",
    });
  });

  test("a pull request of a fork and a closed one say so", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    await world.createUser(`forker-${place.ref.name}`);
    const forkName = await world.fork(place.name, `forker-${place.ref.name}`);
    const [owner = "", name = ""] = forkName.split("/");
    const commit = { by: owner, branch: "theirs", files: { "a.txt": "a" }, message: "Theirs" };
    await world.commit(forkName, commit);
    const text = { by: owner, head: `${owner}:theirs`, base: "main", title: "Theirs" };
    const number = await world.openPull(place.name, text);
    const pull = await forge.pull(place.ref, number);
    assert.deepEqual(
      [pull.open, pull.headBranch, pull.headRepo],
      [true, "theirs", { ...place.ref, owner, name }],
    );
    await world.closeIssue(place.name, number, "ada");
    assert.equal((await forge.pull(place.ref, number)).open, false);
  });

  test("a review is seen by all, and neither approves nor rejects", async () => {
    const { forge, world } = setting();
    const { name, ref } = await branch();
    const { number } = await forge.openPull(ref, NEW);
    const id = await forge.review(ref, number, "Looks fine.", ours);
    assert.ok(id.length > 0);
    const [review, ...more] = await world.reviews(name, number);
    assert.deepEqual(more, []);
    assert.equal(review?.body, "Looks fine.");
    assert.equal(review.by, world.bot.login);
    assert.match(review.state, /^COMMENT/);
  });

  test("reviews are read with their authors, however many there are", async () => {
    const { forge, world } = setting();
    const { ref } = await branch();
    const { number } = await forge.openPull(ref, NEW);
    assert.deepEqual(await forge.reviews(ref, number), []);
    const author = { id: world.bot.id, login: world.bot.login };
    const written = [];
    for (let count = 1; count <= 52; count++) {
      const body = `Review ${count}`;
      written.push({ id: await forge.review(ref, number, body, ours), author, body });
    }
    assert.deepEqual(await forge.reviews(ref, number), written);
    await assert.rejects(forge.reviews(ref, 4711), { name: "ForgeError", status: 404 });
  });
}
