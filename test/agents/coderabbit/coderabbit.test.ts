/** The real CLI is not on npm, so the command line is held to a stub that checks what it was given. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createAgents } from "../../../src/agents/registry.ts";
import { REQUEST } from "../../contracts/agent.ts";
import { agentConfig } from "../settings.ts";

const STUB = `#!/usr/bin/env node
const args = process.argv.slice(2);
const base = args[args.indexOf("--base-commit") + 1];
console.log(JSON.stringify({ type: "review_context", args }));
console.log(JSON.stringify({ type: "finding", severity: "minor", fileName: "a.ts", comment: "since " + base }));
console.log(JSON.stringify({ type: "complete", status: "review_completed", findings: 1 }));
`;

test("what a program prints that is called like coderabbit becomes the review", () => {
  const dir = mkdtempSync(join(tmpdir(), "coderabbit-"));
  try {
    const program = join(dir, "coderabbit");
    writeFileSync(program, STUB);
    chmodSync(program, 0o755);
    const agent = createAgents({ coderabbit: agentConfig("coderabbit", { program }) }, () => 0).get(
      "coderabbit",
    );
    assert.ok(agent);
    const [stub, ...args] = agent.launch(REQUEST).argv;
    const reader = agent.reader();
    const output = execFileSync(stub, args, {
      encoding: "utf8",
      env: { PATH: `${join(process.execPath, "..")}:/usr/bin:/bin` },
    });
    for (const line of output.split("\n")) reader.line(line, "stdout");
    const result = reader.end(0);
    assert.equal(result.ok, true);
    assert.equal(result.lastMessage, `- **minor** \`a.ts\`: since ${REQUEST.reviewFrom}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("without a prompt, no instructions are named", () => {
  const agent = createAgents({ coderabbit: agentConfig("coderabbit") }, () => 0).get("coderabbit");
  assert.ok(!agent?.launch({ ...REQUEST, prompt: " " }).argv.includes("-c"));
});
