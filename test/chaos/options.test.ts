/** The suite's command line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "./options.ts";

const seed = () => 42;

test("without anything said it is fifty kills on SQLite with a new seed", () => {
  const expected = { store: "sqlite", kills: 50, seed: 42, minutes: null, keep: false };
  assert.deepEqual(readOptions([], seed), expected);
});

test("store, kills, seed and minutes are taken", () => {
  const args = ["--store", "postgres", "--kills", "1000", "--seed", "0", "--minutes", "90", "--keep"];
  assert.deepEqual(readOptions(args, seed), {
    store: "postgres",
    kills: 1000,
    seed: 0,
    minutes: 90,
    keep: true,
  });
});

test("help is told from a run, and what is wrong is named", () => {
  assert.equal(readOptions(["--help"], seed), null);
  assert.throws(() => readOptions(["--store", "mysql"], seed), /--store mysql/);
  assert.throws(() => readOptions(["--kills", "many"], seed), /--kills many/);
  assert.throws(() => readOptions(["--minutes", "0"], seed), /--minutes 0/);
  assert.throws(() => readOptions(["--sed", "1"], seed), /--sed/);
});
