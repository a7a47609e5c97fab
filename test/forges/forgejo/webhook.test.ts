import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { identify, verify } from "../../../src/forges/forgejo/webhook.ts";

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
