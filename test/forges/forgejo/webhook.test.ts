import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { identify, verify, verifyRewritten } from "../../../src/forges/forgejo/webhook.ts";

const SECRET = "a secret of more than sixteen characters";
const BODY = Buffer.from('{"action":"created"}');
const HEX = createHmac("sha256", SECRET).update(BODY).digest("hex");

test("Forgejo's own headers come before those it sends for others", () => {
  const headers = {
    "x-github-delivery": "gh",
    "x-github-event": "issues",
    "x-gitea-delivery": "gt",
    "x-gitea-event": "issues",
    "x-gitea-event-type": "issues",
    "x-forgejo-delivery": "fj",
    "x-forgejo-event": "issues",
    "x-forgejo-event-type": "issue_label",
  };
  assert.deepEqual(identify(headers), { id: "fj", event: "issue_label" });
});

test("Gitea and Gogs, which have no headers of Forgejo's, are known too", () => {
  for (const family of ["gitea", "gogs"]) {
    const headers = {
      [`x-${family}-delivery`]: "1-2",
      [`x-${family}-event`]: "issues",
      [`x-${family}-event-type`]: "issue_label",
    };
    assert.deepEqual(identify(headers), { id: "1-2", event: "issue_label" });
  }
});

test("without the finer type the coarse event serves", () => {
  const headers = { "x-gitea-delivery": "1", "x-gitea-event": "issue_comment" };
  assert.deepEqual(identify(headers), { id: "1", event: "issue_comment" });
});

test("GitHub's webhook is not Forgejo's", () => {
  assert.equal(identify({ "x-github-delivery": "1", "x-github-event": "issues" }), null);
});

test("an id or event that is no plain word is not taken", () => {
  assert.equal(identify({ "x-forgejo-delivery": "a b", "x-forgejo-event": "issues" }), null);
  assert.equal(identify({ "x-forgejo-delivery": "1", "x-forgejo-event": "<b>" }), null);
  assert.equal(identify({ "x-forgejo-delivery": "x".repeat(101), "x-forgejo-event": "issues" }), null);
});

test("the bare and the prefixed signature are accepted, in any header that the forge has", () => {
  for (const headers of [
    { "x-forgejo-signature": HEX },
    { "x-gitea-signature": HEX.toUpperCase() },
    { "x-gogs-signature": HEX },
    { "x-hub-signature-256": `sha256=${HEX}` },
  ]) {
    assert.equal(verify(headers, BODY, SECRET), true, JSON.stringify(headers));
  }
});

test("the first signature decides: a right one does not heal a wrong or empty one", () => {
  const right = { "x-hub-signature-256": `sha256=${HEX}` };
  assert.equal(verify({ "x-forgejo-signature": "", ...right }, BODY, SECRET), false);
  assert.equal(verify({ "x-forgejo-signature": "0".repeat(64), ...right }, BODY, SECRET), false);
});

test("an empty secret accepts nothing, not even what is signed with it", () => {
  const empty = createHmac("sha256", "").update(BODY).digest("hex");
  assert.equal(verify({ "x-forgejo-signature": empty }, BODY, ""), false);
  assert.equal(verify({ "x-hub-signature-256": "sha256=" }, BODY, ""), false);
});

test("SHA-1 is not enough", () => {
  const sha1 = createHmac("sha1", SECRET).update(BODY).digest("hex");
  assert.equal(verify({ "x-hub-signature": `sha1=${sha1}` }, BODY, SECRET), false);
});

const GO = String.raw`{
  "action": "created",
  "comment": {
    "body": "a \u003cb\u003e \u0026 c\u2028\u2029 \"é\"\n\t\\"
  },
  "labels": [],
  "id": 9007199254740991,
  "none": null
}`;
const COMPACT = Buffer.from(JSON.stringify(JSON.parse(GO)));

const signedGo = (text: string) => ({
  "x-forgejo-signature": createHmac("sha256", SECRET).update(text).digest("hex"),
});

test("a body that a channel wrote anew is accepted when the forge signed it as Go writes it", () => {
  assert.equal(verify(signedGo(GO), COMPACT, SECRET), false);
  assert.equal(verifyRewritten(signedGo(GO), COMPACT, SECRET), true);
  const newer = JSON.stringify(JSON.parse(GO), null, 2);
  assert.equal(verifyRewritten(signedGo(newer), COMPACT, SECRET), true);
});

test("another value, another order, a wrong secret or signature is refused all the same", () => {
  const other = Buffer.from(COMPACT.toString().replace("created", "deleted"));
  const turned = Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(GO)).reverse())));
  assert.equal(verifyRewritten(signedGo(GO), other, SECRET), false);
  assert.equal(verifyRewritten(signedGo(GO), turned, SECRET), false);
  assert.equal(verifyRewritten(signedGo(GO), COMPACT, `${SECRET}.`), false);
  assert.equal(verifyRewritten({ "x-forgejo-signature": "0".repeat(64) }, COMPACT, SECRET), false);
  assert.equal(verifyRewritten({}, COMPACT, SECRET), false);
  const empty = { "x-forgejo-signature": createHmac("sha256", "").update(GO).digest("hex") };
  assert.equal(verifyRewritten(empty, COMPACT, ""), false);
});

test("what is no JSON, too large or too deep is not written anew, whoever signed it", () => {
  const indented = (value: unknown) => JSON.stringify(value, null, 2);
  const fits = { text: "x".repeat(1_000_000) };
  const large = { text: "x".repeat(1 << 20) };
  const body = (value: unknown) => Buffer.from(JSON.stringify(value));
  assert.equal(verifyRewritten(signedGo(indented(fits)), body(fits), SECRET), true);
  assert.equal(verifyRewritten(signedGo(indented(large)), body(large), SECRET), false);
  let deep: unknown = 1;
  for (let level = 0; level < 33; level++) deep = [deep];
  assert.equal(verifyRewritten(signedGo(indented(deep)), body(deep), SECRET), false);
  const abyss = Buffer.from(`${"[".repeat(500_000)}${"]".repeat(500_000)}`);
  for (const wrong of [abyss, Buffer.from("{"), Buffer.alloc(0)])
    assert.equal(verifyRewritten(signedGo(GO), wrong, SECRET), false);
});

test("only a forge with a channel takes what was written anew", async () => {
  const of = (webhookProxy: string | null) =>
    createForgejoForge({
      config: {
        kind: "forgejo",
        name: "forgejo",
        url: "https://forge.test",
        token: "t",
        webhookSecret: SECRET,
        webhookProxy,
      },
      now: () => 0,
    });
  assert.equal(await of(null).verify(signedGo(GO), COMPACT), false);
  assert.equal(await of(null).verify(signedGo(GO), Buffer.from(GO)), true);
  assert.equal(await of("https://smee.io/x").verify(signedGo(GO), COMPACT), true);
  assert.equal(await of("https://smee.io/x").verify(signedGo(GO), Buffer.from(GO)), true);
});
