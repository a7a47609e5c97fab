import assert from "node:assert/strict";
import { test } from "node:test";
import { createPreview } from "../../src/worker/preview.ts";
import { ALICE, openBench, REPO } from "./bench.ts";

test("a preview is the prompt a run would begin with, and leaves no trace", async (t) => {
  const bench = await openBench(t);
  await bench.enqueue({ body: "Round half up." });
  const [run] = await bench.store.runs({});
  bench.forge.levels.set(ALICE.id, { level: "write", bot: false, why: "" });
  bench.forge.addComment(REPO, 15, ALICE, "Mind the taxes.");
  const { agent, prompts, workspaces } = bench.deps;
  const preview = createPreview({
    agent,
    prompts,
    workspaces,
    config: () => bench.config,
    newId: () => "nonce",
  });
  const seen = await preview(run!, bench.forge);
  assert.match(seen.prompt, /Round half up\.[\s\S]*Mind the taxes\./);
  assert.equal(seen.workspace, workspaces.dirFor(run!));
  assert.deepEqual([bench.workspaces.asked, bench.runtime.started], [[], []]);
});
