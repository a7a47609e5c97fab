/** Files that a disk, a person or another program has spoilt. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { FileTrouble } from "../../../src/store/sqlite/trouble.ts";
import type { Store } from "../../../src/store/store.ts";
import { delivery, enqueue } from "../contract/harness.ts";
import { withFile } from "./database.ts";

const PAGE = 4096;
const open = (file: string) => openSqliteStore({ file, now: () => 0, newId: randomUUID });

async function refusal(file: string): Promise<Refusal> {
  const error = await open(file).catch((reason: unknown) => reason);
  assert.ok(error instanceof Refusal, String(error));
  assert.ok(error.message.startsWith(`opening the store ${file}: `), error.message);
  assert.ok(error.fix);
  return error;
}

async function fill(file: string): Promise<Store> {
  const store = await open(file);
  for (let n = 0; n < 60; n++) await enqueue(store, { id: `run-${n}` });
  for (let n = 0; n < 60; n++) await store.receive(delivery(String(n)));
  return store;
}

/** Overwrites the last pages, where rows are and nothing that is read at the opening. */
function spoil(file: string): void {
  const pages = statSync(file).size / PAGE;
  const from = pages - 8;
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc((pages - from) * PAGE, 0x5a), 0, null, from * PAGE);
}

/** As a process that died leaves them: the file, and its journal with all that was written last. */
function crashedCopy(file: string): string {
  const copy = file.replace("store.db", "crashed.db");
  copyFileSync(file, copy);
  copyFileSync(`${file}-wal`, `${copy}-wal`);
  return copy;
}

test(
  "a file whose end is missing is refused, with the backup named",
  withFile(async (file) => {
    await (await fill(file)).close();
    truncateSync(file, statSync(file).size - 10 * PAGE);
    const { message, fix } = await refusal(file);
    assert.match(message, /the file is damaged/);
    assert.match(fix ?? "", /backup.*docs\/operations\.md/);
  }),
);

test(
  "a file whose beginning is spoilt is refused, with the backup named",
  withFile(async (file) => {
    await (await fill(file)).close();
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(PAGE, 0x5a), 0, null, 0);
    const { message, fix } = await refusal(file);
    assert.match(message, /not an SQLite database/);
    assert.match(fix ?? "", /backup.*docs\/operations\.md/);
  }),
);

test(
  "a damaged page is found before the start when the last user did not close the file",
  withFile(async (file) => {
    await (await fill(file)).close();
    const store = await open(file);
    await store.receive(delivery("last"));
    const copy = crashedCopy(file);
    spoil(copy);
    const noticed = await refusal(copy);
    assert.match(noticed.message, /the file is damaged/);
    await store.close();
  }),
);

test(
  "after a crash a whole file is opened with all that was recorded, and beside a server that lives nothing is checked",
  withFile(async (file) => {
    const store = await fill(file);
    const beside = await open(file);
    assert.equal((await beside.runs({})).length, 60);
    await beside.close();
    const again = await open(crashedCopy(file));
    assert.equal((await again.nextDeliveries(100)).length, 60);
    assert.equal((await again.runs({})).length, 60);
    await again.close();
    await store.close();
  }),
);

test(
  "a damaged page met in use is told as such, and from then on nothing is read or written",
  withFile(async (file) => {
    await (await fill(file)).close();
    const store = await open(file);
    spoil(file);
    const trouble = (error: unknown) =>
      error instanceof FileTrouble && error.damaged && /the file is damaged.*backup/.test(error.message);
    await assert.rejects(store.runs({}), trouble);
    const spoilt = readFileSync(file);
    await assert.rejects(store.receive(delivery("new")), trouble);
    await assert.rejects(store.setFrozen(true), trouble);
    await assert.rejects(store.pendingEffects(), trouble);
    await store.close();
    assert.deepEqual(readFileSync(file), spoilt);
  }),
);

test(
  "without the journal that a crash left, the store opens with what is in the file, or is refused: it never breaks",
  withFile(async (file) => {
    await (await fill(file)).close();
    const store = await open(file);
    await store.receive(delivery("in the journal only"));
    const copy = crashedCopy(file);
    rmSync(`${copy}-wal`);
    const again = await open(copy);
    assert.equal((await again.runs({})).length, 60);
    assert.equal(await again.receive(delivery("in the journal only")), true);
    await again.close();
    await store.close();
  }),
);

/** Nobody's rights, where the tests run as root, to whom everything is allowed. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

test(
  "a file that may not be written, a folder that may not be, and a file that may not be read are refused",
  withFile(async (file) => {
    await (await open(file)).close();
    const folder = dirname(file);
    for (const [fileMode, folderMode, why] of [
      [0o444, 0o777, /read-only/],
      [0o666, 0o555, /cannot be opened|read-only/],
      [0o000, 0o777, /cannot be opened/],
      [0o666, 0o000, /cannot be opened|permission denied/],
    ] as const) {
      chmodSync(file, fileMode);
      chmodSync(folder, folderMode);
      const { message, fix } = await asNobody(() => refusal(file));
      assert.match(message, why);
      assert.match(fix ?? "", /may write to/);
    }
    chmodSync(folder, 0o700);
    chmodSync(file, 0o600);
    await (await open(file)).close();
  }),
);
