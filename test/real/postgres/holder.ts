/** A process of its own that leads, or has a worker's name, and says so: `URL SCHEMA lead|name`. */
import { randomUUID } from "node:crypto";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";

const [url = "", schema = "", what] = process.argv.slice(2);
const { fleet } = await openPostgresStore({ url, schema, newId: randomUUID });
const never = new AbortController().signal;
if (what === "name") {
  await fleet!.claimName("worker", never);
  process.send!("has it");
} else {
  const led = await fleet!.lead(never);
  process.send!("has it");
  led.addEventListener("abort", () => process.send!("lost it"));
}
