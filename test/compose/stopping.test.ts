import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const STOPPING = fileURLToPath(new URL("../../src/compose/stopping.ts", import.meta.url));

test("a process ends with its code and all its words, though something was left open", async () => {
  const program = `
    import { createServer } from "node:net";
    import { endWith } from ${JSON.stringify(STOPPING)};
    createServer().listen(0, "127.0.0.1");
    process.stdout.write("said ".repeat(100_000));
    await endWith(1);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
  assert.equal((await text(child.stdout)).length, 500_000);
  assert.equal(await ended, 1);
});
