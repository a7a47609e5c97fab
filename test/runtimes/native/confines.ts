/**
 * For tests that confine. A machine without a bubblewrap that works says so and goes on, but not in CI, where nobody
 * would read it.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createConfinement } from "../../../src/runtimes/native/confine.ts";

export const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** Whether to go on with tests that confine. */
export async function confines(): Promise<boolean> {
  const folder = join(tmpdir(), `bubblewrap-${process.pid}`);
  const tried = await createConfinement({ path: PATH, own: [] }, folder).tried();
  if (tried.works) return true;
  test("agents can be confined here", { skip: process.env.CI ? false : tried.why }, () =>
    assert.fail(`${tried.why}; ${tried.fix}`),
  );
  return false;
}
