/** A disk without space, for real: the process may write no file beyond a size, until it may. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { delivery } from "../contract/harness.ts";
import { withFile } from "./database.ts";

/** 512-byte blocks: 20 MiB, so that the checkpoint's thread comes to the limit too. */
const BLOCKS = 40_960;

test(
  "on a full disk what cannot be kept is refused, nothing acknowledged is lost or half written, and with space it goes on",
  withFile(async (file) => {
    const program = fileURLToPath(new URL("child.ts", import.meta.url));
    const shell = `ulimit -S -f ${BLOCKS}; exec "$0" "$@"`;
    const argv = ["-c", shell, process.execPath, program, "fill", file, "delivery"];
    const child = spawn("sh", argv, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "close");
    const acknowledged: string[] = [];
    const rejected: string[] = [];
    let settled = "";
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("rejected")) rejected.push(line);
      else if (!line.startsWith("settled")) acknowledged.push(line);
      else {
        settled = line;
        execFileSync("sh", ["-c", `prlimit --pid ${child.pid} --fsize=unlimited`]);
        child.stdin.write("go on\n");
      }
    }
    assert.deepEqual(await ended, [0, null]);
    assert.equal(rejected.length, 2, rejected.join());
    for (const line of rejected)
      assert.match(line, /^rejected StoreTrouble: using the store: the disk .*space/);
    assert.equal(settled, "settled true", "the settlement was rejected too");
    assert.ok(acknowledged.length > 600, `${acknowledged.length} acknowledged`);
    const store = await openSqliteStore({ file, now: Date.now, newId: randomUUID });
    const kept = await store.nextDeliveries(1_000);
    assert.deepEqual(
      kept.map(({ id }) => id),
      acknowledged,
    );
    assert.equal(kept[0]?.id, "delivery 0", "what could not be settled is still open");
    assert.ok(kept.every(({ body }) => body.length > 65_536));
    assert.equal(await store.receive(delivery("delivery 1")), false);
    await store.close();
  }),
);
