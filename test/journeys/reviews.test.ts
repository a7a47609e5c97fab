import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { agentConfig } from "./bot.ts";
import { type Desk, openDesk, say } from "./person.ts";
import { atRest } from "./sights.ts";
import { onBothForges } from "./worlds.ts";

const dir = mkdtempSync(join(tmpdir(), "reviewers-"));
after(() => rmSync(dir, { recursive: true }));

const CODEX = readFileSync(join(import.meta.dirname, "..", "agents", "fixtures", "codex-work.jsonl"), "utf8");
const CODERABBIT = [
  { type: "review_context" },
  { type: "finding", severity: "major", fileName: "topic.txt", comment: "Off by one." },
  { type: "complete", status: "review_completed", findings: 1 },
]
  .map((line) => JSON.stringify(line))
  .join("\n");

/** A CLI that takes its prompt, touches a file, and prints what the real one was recorded to print. */
function stub(name: string, output: string): string {
  const program = join(dir, name);
  writeFileSync(join(dir, `${name}.jsonl`), output);
  writeFileSync(program, `#!/bin/sh\ncat > /dev/null\necho x > touched.txt\ncat ${program}.jsonl\n`);
  chmodSync(program, 0o755);
  return program;
}

/** A pull request of the maintainer's. */
async function onPull(desk: Desk): Promise<Desk> {
  const { world, repo, maintainer: by } = desk;
  await world.commit(repo, { by, branch: "topic", files: { "topic.txt": "t\n" }, message: "Begin" });
  return {
    ...desk,
    issue: await world.openPull(repo, { by, head: "topic", base: "main", title: "A topic" }),
  };
}

onBothForges(
  "reviews",
  () => ({
    agents: [
      agentConfig("codex", { program: stub("codex", CODEX) }),
      agentConfig("coderabbit", { program: stub("coderabbit", CODERABBIT) }),
    ],
  }),
  (stage) => {
    for (const [command, said] of [
      ["codex:review", /I wrote a greeting\./],
      ["coderabbit", /\*\*major\*\* `topic\.txt`: Off by one\./],
    ] as const) {
      test(`${command} answers a pull request with one review, and pushes nothing`, async () => {
        const desk = await onPull(await openDesk(stage().world, []));
        const { world, repo, issue } = desk;
        const [{ headSha } = { headSha: "" }] = await world.pulls(repo);
        await say(desk, `/dispatch ${command}`);
        await world.waitFor(async () => (await world.reviews(repo, issue)).length > 0, "a review", 30_000);
        await atRest(stage());
        const reviews = await world.reviews(repo, issue);
        assert.equal(reviews.length, 1);
        assert.match(reviews[0]?.body ?? "", said);
        assert.match(reviews[0]?.state ?? "", /^COMMENT/);
        const pulls = await world.pulls(repo);
        assert.deepEqual(
          pulls.map((pull) => [pull.head, pull.headSha]),
          [["topic", headSha]],
        );
        assert.deepEqual([...(await world.branches(repo))].sort(), ["main", "topic"]);
      });
    }
  },
);
