/** Waits for what comes of itself, turn by turn of the event loop. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await turn();
  }
}
