import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../../src/model/errors.ts";
import { ours } from "../../fakes/forge.ts";
import type { Setting } from "./setting.ts";

const NOT_OURS = new ForgeError("not ours any more", 0, true);

export function stillOursContract(setting: () => Setting): void {
  /** A pull request with a label and a comment of the bot's, and all that can be said on it. */
  async function scene() {
    const { world, repo, forge } = setting();
    const { name, ref } = await repo();
    await world.commit(name, { by: "ada", branch: "work", files: { "a.txt": "a" }, message: "Work" });
    const pull = { head: "work", base: "main", title: "Work", body: "", draft: false };
    const { number } = await forge.openPull(ref, pull);
    await world.addLabel(name, number, "ada", "bug");
    const id = await forge.comment(ref, number, "first", ours);
    const said = async () => ({
      comments: (await forge.comments(ref, number)).map(({ body }) => body),
      labels: await world.labels(name, number),
      reviews: (await forge.reviews(ref, number)).length,
    });
    const saying = (stillOurs: () => void) => ({
      comment: () => forge.comment(ref, number, "second", stillOurs),
      edit: () => forge.editComment(ref, id, "changed", stillOurs),
      unlabel: () => forge.removeLabel(ref, number, "bug", stillOurs),
      review: () => forge.review(ref, number, "fine", stillOurs),
    });
    return { said, saying };
  }

  test("nothing is said by who finds at the last moment that another may have said it", async () => {
    const { said, saying } = await scene();
    const before = await said();
    for (const asked of [0, 1]) {
      let left = asked;
      const notOurs = () => {
        if (left-- <= 0) throw NOT_OURS;
      };
      for (const [what, say] of Object.entries(saying(notOurs))) {
        left = asked;
        await assert.rejects(say, (error) => error === NOT_OURS, `${what}, asked before ${asked} times`);
      }
    }
    assert.deepEqual(await said(), before);
  });

  test("who still has it says it, and is asked as the last thing before", async () => {
    const { said, saying } = await scene();
    let asked = 0;
    for (const say of Object.values(saying(() => asked++))) {
      const before = asked;
      await say();
      assert.ok(asked >= before + 2);
    }
    assert.deepEqual(await said(), { comments: ["changed", "second"], labels: [], reviews: 1 });
  });
}
