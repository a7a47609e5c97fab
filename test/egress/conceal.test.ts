import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fc from "fast-check";
import { concealing } from "../../src/egress/conceal.ts";

async function through(key: string, chunks: readonly string[]): Promise<string> {
  const stream = concealing(key);
  for (const chunk of chunks) stream.write(Buffer.from(chunk));
  stream.end();
  return await text(stream);
}

test("the key is taken out however an answer is cut into pieces, and its length stays", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 4, maxLength: 9, unit: fc.constantFrom("a", "b") }),
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c") })),
      async (key, chunks) => {
        const whole = chunks.join("");
        const shown = await through(key, chunks);
        assert.ok(!shown.includes(key));
        assert.equal(shown.length, whole.length);
        if (!whole.includes(key)) assert.equal(shown, whole);
      },
    ),
  );
});

test("what can not be the key's beginning is passed on at once", async () => {
  const stream = concealing("sk-secret");
  stream.write("data: one\n\n");
  const [first] = await once(stream, "data");
  assert.equal(String(first), "data: one\n\n");
  stream.end();
});
