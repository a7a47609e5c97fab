/** Secrets are found by value in every form programs print them in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRedactor, createSecretSearch } from "../../src/supervisor/redact.ts";

const SECRET = `s3cr/t+"va\\lue" <é> ${"k".repeat(8)}`;
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const bytes = Buffer.from(SECRET);

const forms: Readonly<Record<string, string>> = {
  "as it is": SECRET,
  "escaped for JSON": json(SECRET),
  "escaped for JSON twice": json(json(SECRET)),
  "escaped for JSON as Go does": json(SECRET).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e"),
  "escaped for JSON as PHP does": json(SECRET).replaceAll("/", "\\/"),
  "percent-encoded": encodeURIComponent(SECRET),
  "percent-encoded in lower case": encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
  "in hex": bytes.toString("hex"),
  "in upper-case hex": bytes.toString("hex").toUpperCase(),
};

for (const [how, form] of Object.entries(forms)) {
  test(`a secret ${how} is replaced by its name`, () => {
    const redact = createRedactor({ API_KEY: SECRET });
    assert.equal(redact(`a ${form} b ${form}`), "a [API_KEY] b [API_KEY]");
  });
}

test("a secret in a submitted form is replaced", () => {
  const redact = createRedactor({ API_KEY: "two words+more" });
  assert.equal(redact(new URLSearchParams({ v: "two words+more" }).toString()), "v=[API_KEY]");
});

for (const encoding of ["base64", "base64url"] as const) {
  for (const before of [0, 1, 2, 3]) {
    test(`a secret ${before} bytes into a ${encoding} text is replaced`, () => {
      const redact = createRedactor({ API_KEY: SECRET });
      const text = Buffer.from(`${"x".repeat(before)}${SECRET} and more`).toString(encoding);
      const redacted = redact(text);
      const [head, tail] = redacted.split("[API_KEY]");
      assert.ok(head !== undefined && tail !== undefined, redacted);
      // At most a character at either side holds bits of the secret and of what stands beside it.
      assert.ok(head.length <= Math.ceil((before * 4) / 3), redacted);
      assert.ok(Buffer.from(tail, "base64").length <= " and more".length + 1, redacted);
    });
  }
}

test("the longer of two secrets wins where one holds the other", () => {
  const redact = createRedactor({ SHORT: "abcdefgh", LONG: "abcdefghijkl" });
  assert.equal(redact("abcdefghijkl abcdefgh"), "[LONG] [SHORT]");
});

test("short values are left, for they are words", () => {
  assert.equal(createRedactor({ USER: "admin", EMPTY: "" })("the admin"), "the admin");
});

test("each long line of a private key is a secret by itself, its frame is not", () => {
  const body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2);
  const redact = createRedactor({ KEY: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n` });
  assert.equal(redact(`| ${body} |`), "| [KEY] |");
  assert.equal(redact("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
});

test("a search names the secret a text holds, time after time, and null where there is none", () => {
  const search = createSecretSearch({ API_KEY: SECRET });
  for (let again = 0; again < 3; again += 1)
    assert.equal(search(`x${encodeURIComponent(SECRET)}`), "API_KEY");
  assert.equal(search("nothing here"), null);
  assert.equal(createSecretSearch({})("anything"), null);
});

test("no secret survives in any text around it", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 8 }), fc.string(), (before, secret, after) => {
      const redacted = createRedactor({ K: secret })(before + secret + after);
      return "[K]".includes(secret) || !redacted.includes(secret);
    }),
  );
});

test("a megabyte with twenty secrets to look for takes a moment only", () => {
  const secrets = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`K${i}`, `${i}-a-secret-of-thirty-chars-${i}`]),
  );
  const redact = createRedactor(secrets);
  const text = '{"type":"item.completed","text":"plain words"}\n'.repeat(22_000);
  const from = performance.now();
  redact(text);
  assert.ok(performance.now() - from < 2_000, `${performance.now() - from} ms`);
});
