import assert from "node:assert/strict";
import { test } from "node:test";
import { createPreview } from "../../src/worker/preview.ts";
import { ALICE, type Bench, openBench, REPO } from "./bench.ts";

function previewOf({ deps: { agent, prompts, workspaces }, config }: Bench) {
  return createPreview({ agent, prompts, workspaces, config: () => config, newId: () => "nonce" });
}

test("a preview is the prompt a run would begin with, and leaves no trace", async (t) => {
  const bench = await openBench(t);
  await bench.enqueue({ body: "Round half up." });
  const [run] = await bench.store.runs({});
  bench.forge.levels.set(ALICE.id, { level: "write", bot: false, why: "" });
  bench.forge.addComment(REPO, 15, ALICE, "Mind the taxes.");
  const preview = previewOf(bench);
  const seen = await preview(run!, bench.forge);
  assert.match(seen.prompt, /Round half up\.[\s\S]*Mind the taxes\./);
  assert.equal(seen.workspace, bench.workspaces.dirFor(run!));
  assert.deepEqual([bench.workspaces.asked, bench.runtime.started], [[], []]);
});

test("a preview of a closed pull request is refused as the run would be", async (t) => {
  const bench = await openBench(t);
  bench.forge.pulls.push({
    number: 15,
    url: "https://x",
    title: "t",
    open: false,
    headBranch: "topic",
    headSha: "a".repeat(40),
    headRepo: null,
    baseBranch: "main",
  });
  await bench.enqueue({ isPull: true });
  const [run] = await bench.store.runs({});
  const refused = { name: "Refusal", message: /pull request #15 of acme\/shop is closed/, fix: /Reopen it/ };
  await assert.rejects(previewOf(bench)(run!, bench.forge), refused);
});
