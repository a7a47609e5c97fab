import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { identify, verify } from "../../../src/forges/github/webhook.ts";

const SECRET = "0123456789abcdef";
const BODY = Buffer.from('{"action":"created","text":"ü"}');

function sign(secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(BODY).digest("hex")}`;
}

function signed(signature: string) {
  return { "x-hub-signature-256": signature };
}

test("a delivery is known by GitHub's headers", () => {
  const headers = { "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "x-github-event": "issues" };
  assert.deepEqual(identify(headers), { id: "72d3162e-cc78-11e3-81ab-4c9367dc0958", event: "issues" });
});

test("a request without an id or event, or with odd ones, is no delivery", () => {
  assert.equal(identify({}), null);
  assert.equal(identify({ "x-github-event": "issues" }), null);
  assert.equal(identify({ "x-github-delivery": "1" }), null);
  assert.equal(identify({ "x-github-delivery": "a b", "x-github-event": "issues" }), null);
  assert.equal(identify({ "x-github-delivery": "a".repeat(129), "x-github-event": "issues" }), null);
});

test("Forgejo's and Gitea's deliveries are left alone, though they carry GitHub's headers too", () => {
  const headers = { "x-github-delivery": "1", "x-github-event": "issues" };
  assert.equal(identify({ ...headers, "x-forgejo-event": "issues" }), null);
  assert.equal(identify({ ...headers, "x-gitea-event": "issues" }), null);
});

test("the example of GitHub's documentation is accepted", () => {
  const given = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const body = Buffer.from("Hello, World!");
  assert.equal(verify("It's a Secret to Everybody", signed(`sha256=${given}`), body), true);
});

test("a wrong, cut, empty or missing signature is refused", () => {
  const right = sign(SECRET);
  const wrong = [
    sign("another secret!!"),
    right.slice(0, -1),
    right.replace("sha256=", "sha1="),
    right.replace("sha256=", ""),
    "sha256=",
    "",
    `${right}00`,
  ];
  assert.equal(verify(SECRET, signed(right), BODY), true);
  for (const signature of wrong) assert.equal(verify(SECRET, signed(signature), BODY), false, signature);
  assert.equal(verify(SECRET, {}, BODY), false);
  assert.equal(verify(SECRET, signed(right), Buffer.from(`${BODY} `)), false);
});

test("a SHA-1 signature alone is refused", () => {
  const sha1 = createHmac("sha1", SECRET).update(BODY).digest("hex");
  assert.equal(verify(SECRET, { "x-hub-signature": `sha1=${sha1}` }, BODY), false);
});

test("an empty secret verifies nothing, not even what is signed with it", () => {
  const signature = createHmac("sha256", "").update(BODY).digest("hex");
  assert.equal(verify("", signed(`sha256=${signature}`), BODY), false);
});
