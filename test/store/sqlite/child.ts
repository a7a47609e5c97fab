/** A process of its own on a store's file: `receive FILE NAME` until killed, or `claim FILE NAME CAPS` until dry. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { delivery } from "../contract/harness.ts";

const [what, file = "", name = "", caps = "{}"] = process.argv.slice(2);
const store = await openSqliteStore({ file, now: Date.now, newId: randomUUID });
if (what === "receive") await receiveForEver();
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
