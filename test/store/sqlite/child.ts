/**
 * A process of its own on a store's file: `receive FILE NAME` until killed, `claim FILE NAME CAPS` until dry, or
 * `fill FILE NAME` until the disk is full and then, when told so by a line, once more.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { delivery } from "../contract/harness.ts";

const [what, file = "", name = "", caps = "{}"] = process.argv.slice(2);
const store = await openSqliteStore({ file, now: Date.now, newId: randomUUID });
if (what === "receive") await receiveForEver();
else if (what === "fill") await fillTheDisk();
else await claimUntilDry();

/** Says the id of each delivery once it is acknowledged. */
async function receiveForEver(): Promise<never> {
  for (let n = 0; ; n += 8) {
    const ids = Array.from({ length: 8 }, (_, at) => `${name} ${n + at}`);
    await Promise.all(
      ids.map(async (id) => {
        await store.receive(delivery(id));
        process.stdout.write(`${id}\n`);
      }),
    );
  }
}

/** Says each acknowledged id, why one was not, that line by line on the way, and whether it works again. */
async function fillTheDisk(): Promise<void> {
  const body = JSON.stringify({ text: "x".repeat(65_536) });
  const receive = async (id: string) => {
    await store.receive({ ...delivery(id), body });
    process.stdout.write(`${id}\n`);
  };
  const rejected = (error: unknown) => {
    process.stdout.write(`rejected ${error instanceof Error ? `${error.name}: ${error.message}` : error}\n`);
    return true;
  };
  let full = false;
  for (let n = 0; !full; n++) full = await receive(`${name} ${n}`).then(() => false, rejected);
  const settled = await store
    .settle({ delivery: delivery(`${name} 0`), keys: ["x".repeat(1_000_000)], changes: [], effects: [] })
    .catch(rejected);
  process.stdout.write(`settled ${settled}\n`);
  await once(process.stdin, "data");
  for (let n = 0; n < 400; n++) await receive(`${name} again ${n}`);
  await store.close();
  process.exit(0);
}

/** Says "ready", begins at the end of stdin, and says each claimed run. */
async function claimUntilDry(): Promise<void> {
  process.stdout.write("ready\n");
  await once(process.stdin.resume(), "end");
  for (;;) {
    const claimed = await store.claim(name, JSON.parse(caps), 60_000);
    if (!claimed) return await store.close();
    process.stdout.write(`${claimed.run.pool} ${claimed.run.id}\n`);
  }
}
