/** The host's processes, told apart by pid and start, as Linux and macOS tell of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { parsePs } from "../../../src/runtimes/native/darwin.ts";
import { linuxProcesses, parseStat } from "../../../src/runtimes/native/linux.ts";
import { type ProcessRow, shareScans } from "../../../src/runtimes/native/processes.ts";

const STAT = "R 1 77 77 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 229311 0 0 0";

test("a Linux process may have any name, brackets and spaces included", () => {
  assert.deepEqual(parseStat(`78 (a) R (1 2) ${STAT}`, "boot"), { group: 77, start: "boot.229311" });
});

test("a zombie, and a line that was cut, is no living process", () => {
  assert.equal(parseStat(`78 (a) ${STAT.replace("R", "Z")}`, "boot"), null);
  assert.equal(parseStat("", "boot"), null);
  assert.equal(parseStat("78 (a) R 1", "boot"), null);
});

test("macOS's ps is read with its changing columns, markers and zombies", () => {
  const text = `    1     1 Ss   Sat Nov  1 09:00:00 2026     /sbin/launchd
  912   900 S+   Sat Nov 22 19:10:00 2026     node agent.js --x PATH=/bin AGENT_DISPATCH_RUN=r-1.2 HOME=/h
  913   900 Z    Sat Nov 22 19:10:01 2026     (node)
`;
  assert.deepEqual(parsePs(text), [
    { pid: 1, group: 1, start: "Sat Nov 1 09:00:00 2026", run: null },
    { pid: 912, group: 900, start: "Sat Nov 22 19:10:00 2026", run: "r-1.2" },
  ]);
});

test("who asks during a scan shares the next one, and never gets what was seen before asking", async () => {
  const scans: PromiseWithResolvers<readonly ProcessRow[]>[] = [];
  const table = shareScans({
    startOf: async () => null,
    oomKills: async () => null,
    scan() {
      const scan = Promise.withResolvers<readonly ProcessRow[]>();
      scans.push(scan);
      return scan.promise;
    },
  });
  const first = table.scan();
  await Promise.resolve();
  await Promise.resolve();
  const later = [table.scan(), table.scan(), table.scan()];
  assert.equal(scans.length, 1);
  scans[0]?.resolve([]);
  assert.deepEqual(await first, []);
  const row = { pid: 1, group: 1, start: "s", run: null };
  while (scans.length < 2) await setImmediate();
  scans[1]?.resolve([row]);
  assert.deepEqual(await Promise.all(later), [[row], [row], [row]]);
  assert.equal(scans.length, 2);
});

test("a scan of this host finds a living child with its marker, not a dead one", async (t) => {
  if (process.platform !== "linux") return t.diagnostic("Linux only");
  const table = linuxProcesses();
  const env = { PATH: process.env.PATH ?? "", AGENT_DISPATCH_RUN: "scan-test.1" };
  const child = spawn("sleep", ["60"], { env, stdio: "ignore", detached: true });
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const found = (await table.scan()).find((row) => row.run === "scan-test.1");
  assert.deepEqual([found?.pid, found?.group, found?.start], [pid, pid, await table.startOf(pid)]);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(await table.startOf(pid), null);
  assert.ok(!(await table.scan()).some((row) => row.run === "scan-test.1"));
});
