/**
 * A process of its own on a schema: `open`, or `claim CAPS` until dry, `URL SCHEMA NAME WHAT [CAPS]`. It begins at the
 * end of stdin, so that many begin at once.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";

const [url = "", schema = "", name = "", what, caps = "{}"] = process.argv.slice(2);
const open = () => openPostgresStore({ url, schema, newId: randomUUID });

async function begin(): Promise<void> {
  process.stdout.write("ready\n");
  await once(process.stdin.resume(), "end");
}

/** Says each claimed run. */
async function claimUntilDry(): Promise<void> {
  const store = await open();
  await begin();
  for (;;) {
    const claimed = await store.claim(name, JSON.parse(caps), 60_000);
    if (!claimed) return await store.close();
    process.stdout.write(`${claimed.run.pool} ${claimed.run.id}\n`);
  }
}

if (what === "claim") await claimUntilDry();
else {
  await begin();
  await (await open()).close();
}
