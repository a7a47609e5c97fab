/** An opening that the server breaks off, wherever it stands, leaves nothing behind that keeps the process alive. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { startProxy } from "./proxy.ts";
import { databaseUrl, dropSchema, freshSchema } from "./server.ts";

const alive = () => process.getActiveResourcesInfo().toSorted();

/** Resolves when no more keeps this process alive than did then: what was closed ends within some turns. */
async function onlyLeft(before: readonly string[]): Promise<void> {
  while (!isWithin(alive(), before)) await new Promise((resolve) => setImmediate(resolve));
}

function isWithin(now: readonly string[], before: readonly string[]): boolean {
  const count = (all: readonly string[], kind: string) => all.filter((one) => one === kind).length;
  return new Set(now).values().every((kind) => count(now, kind) <= count(before, kind));
}

/** False when it was refused. */
async function opens(url: string, schema: string): Promise<boolean> {
  try {
    await (await openPostgresStore({ url, schema, newId: randomUUID })).close();
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return false;
  }
}

for (const next of ["gone", "back"] as const) {
  for (const state of ["there already", "made by it"]) {
    test(`of a server that breaks off and is ${next}, nothing is left, the tables being ${state}`, async () => {
      const url = await databaseUrl();
      const schema = freshSchema();
      if (state === "there already") await opens(url, schema);
      let refused = 0;
      for (let pieces = 1; ; pieces++) {
        if (state === "made by it") await dropSchema(url, schema);
        const before = alive();
        const way = await startProxy(url);
        way.breakBefore(pieces, next);
        const opened = await opens(way.url, schema);
        way.close();
        await onlyLeft(before);
        if (!opened) refused++;
        // A server that is back may be asked again.
        else if (way.whole()) break;
      }
      assert.ok(refused > 10, `${refused}`);
      await dropSchema(url, schema);
    });
  }
}
