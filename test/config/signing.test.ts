import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { FORGEJO, inFolder, load, problemsOf } from "./load-with.ts";

const { privateKey } = generateKeyPairSync("ed25519", {
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

test("a signing key is a file beside agents.yaml, and its text a secret of the server's", () => {
  const files = { key: privateKey };
  inFolder((cwd) => {
    const fileText = "git: {signing_key: ./key}";
    const config = loadConfig({ env: FORGEJO, file: "agents.yaml", fileText, cwd });
    assert.deepEqual(config.git.signing, { format: "ssh", file: `${cwd}/key` });
    assert.equal(config.secrets.GIT_SIGNING_KEY, privateKey);
  }, files);
});

test("a fingerprint names an OpenPGP key of the server's user", () => {
  const fingerprint = "a".repeat(40);
  const { git } = load(`git: {signing_key: ${fingerprint}}`, { ...FORGEJO, HOME: "/home/bot" });
  assert.deepEqual(git.signing, {
    format: "openpgp",
    fingerprint: fingerprint.toUpperCase(),
    gnupgHome: "/home/bot/.gnupg",
  });
  assert.equal(load("").git.signing, null);
});

test("a signing key that is missing, or no private key, is refused without a word of it", () => {
  assert.match(
    problemsOf("git: {signing_key: ./nowhere}").join(),
    /git\.signing_key .* cannot be used: ENOENT/,
  );
  inFolder(
    (cwd) => {
      const options = { env: FORGEJO, file: "agents.yaml", fileText: "git: {signing_key: ./key.pub}", cwd };
      assert.throws(() => loadConfig(options), /it holds no private key/);
    },
    { "key.pub": "ssh-ed25519 AAAA bot" },
  );
});
