/** Chunks to lines, whatever the chunks cut through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLines } from "../../src/supervisor/lines.ts";

function split(text: Buffer, sizes: readonly number[], maxBytes = 1e6): readonly string[] {
  const lines = createLines(maxBytes);
  const found: string[] = [];
  let from = 0;
  for (const size of sizes) {
    found.push(...lines.push(text.subarray(from, from + size)));
    from += size;
  }
  return [...found, ...lines.push(text.subarray(from)), ...lines.end()];
}

test("lines are the same however the bytes were cut into chunks", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 });
  const texts = fc.array(fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, "")));
  fc.assert(
    fc.property(texts, sizes, (lines, cuts) => {
      const text = lines.map((line) => `${line}\n`).join("");
      const clean = lines.map((line) => Buffer.from(line).toString());
      assert.deepEqual(split(Buffer.from(text), cuts), clean);
    }),
  );
});

test("a character cut in two by a chunk's end stays whole", () => {
  assert.deepEqual(split(Buffer.from("a€b\nc"), [2]), ["a€b", "c"]);
});

test("a carriage return before the newline is no part of the line", () => {
  assert.deepEqual(split(Buffer.from("a\r\nb\r\n\r\n"), [2]), ["a", "b", ""]);
});

test("a last line without an end is a line, and nothing after the last end is none", () => {
  assert.deepEqual(split(Buffer.from("a\nb"), []), ["a", "b"]);
  assert.deepEqual(split(Buffer.from("a\n"), []), ["a"]);
  assert.deepEqual(split(Buffer.from(""), []), []);
});

test("a line over the cap is cut there, not inside a character, and the next one is whole", () => {
  assert.deepEqual(split(Buffer.from("aaa€bbbbb\nnext\n"), [1, 5], 5), ["aaa", "next"]);
});
