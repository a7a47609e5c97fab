import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import { claimSlot, holdDataFolder } from "../../src/store/data-folder.ts";

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "data-folder-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

interface Holder {
  readonly child: ChildProcess;
  /** "DIR WORKER", or why not. */
  readonly says: string;
}

async function start(t: TestContext, how: "hold" | "slot", dir: string): Promise<Holder> {
  const program = join(import.meta.dirname, "folder-holder.ts");
  const child = spawn(process.execPath, [program, how, dir], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [says] = await once(child.stdout!, "data");
  return { child, says: String(says).trim() };
}

async function kill({ child }: Holder): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function refusal(dir: string): Promise<Refusal> {
  const error = await holdDataFolder(dir, "server").catch((reason: unknown) => reason);
  assert.ok(error instanceof Refusal, String(error));
  return error;
}

test("a second process on a held data folder is refused with the pid of the first and what to do", async (t) => {
  const dir = folder(t);
  const first = await start(t, "hold", dir);
  const { message, fix } = await refusal(dir);
  assert.ok(message.includes(dir));
  assert.ok(message.endsWith(`is in use by process ${first.child.pid}`), message);
  assert.match(fix ?? "", new RegExp(`kill ${first.child.pid}\\).*DATA_DIR`));
  assert.match((await start(t, "hold", dir)).says, /in use by process/);
});

test("after kill -9 the folder is free at once, and the next process has the same name", async (t) => {
  const dir = join(folder(t), "made/for/it");
  const names = new Set<string>();
  for (let life = 0; life < 3; life++) {
    const holder = await start(t, "hold", dir);
    names.add(holder.says);
    await kill(holder);
  }
  const { worker, release } = await holdDataFolder(dir, "server");
  release();
  assert.deepEqual([...names], [`${dir} ${worker}`]);
  assert.match(worker, /^[a-z0-9-]+-[0-9a-f]{8}$/);
});

test("a folder is held against this very process too, until it is released, and a release ends no later hold", async (t) => {
  const dir = folder(t);
  const first = await holdDataFolder(dir, "server");
  assert.match((await refusal(dir)).message, new RegExp(`process ${process.pid}$`));
  readFileSync(join(dir, "server.pid"));
  assert.match((await refusal(dir)).message, /in use/);
  first.release();
  const second = await holdDataFolder(dir, "server");
  first.release();
  assert.match((await refusal(dir)).message, /in use/);
  assert.equal(second.worker, first.worker);
  second.release();
});

test("a hold whose pid is not told is a hold all the same", async (t) => {
  const dir = folder(t);
  const first = await holdDataFolder(dir, "server");
  rmSync(join(dir, "server.pid"));
  assert.match((await refusal(dir)).message, /in use by another process$/);
  first.release();
});

test("other folders have other workers, and half a name is made anew", async (t) => {
  const dir = folder(t);
  const one = await holdDataFolder(join(dir, "one"), "server");
  mkdirSync(join(dir, "two"));
  writeFileSync(join(dir, "two/worker"), "host-12");
  const two = await holdDataFolder(join(dir, "two"), "server");
  assert.notEqual(one.worker, two.worker);
  assert.match(two.worker, /-[0-9a-f]{8}$/);
  assert.equal(statSync(join(dir, "one")).mode & 0o777, 0o700);
  for (const held of [one, two]) held.release();
});

test("processes that share a folder get a place each; one that comes back gets its old place and name", async (t) => {
  const dir = folder(t);
  const [first, second] = [await start(t, "slot", dir), await start(t, "slot", dir)];
  assert.ok(first.says.startsWith(`${join(dir, "worker-1")} `), first.says);
  assert.ok(second.says.startsWith(`${join(dir, "worker-2")} `), second.says);
  assert.notEqual(first.says.split(" ")[1], second.says.split(" ")[1]);
  await kill(first);
  const again = await start(t, "slot", dir);
  assert.equal(again.says, first.says);
  const web = await claimSlot(dir, "web");
  assert.equal(web.dir, join(dir, "web-1"));
  web.release();
});

test("a folder that cannot be used is refused with its name and what would be right", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "file"), "");
  for (const wrong of [join(dir, "file"), join(dir, "file/below")]) {
    const { message, fix } = await refusal(wrong);
    assert.ok(message.includes(wrong), message);
    assert.match(fix ?? "", /DATA_DIR/);
    await assert.rejects(claimSlot(wrong), Refusal);
  }
});
