import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { keepCredentials } from "../../src/config/keep-credentials.ts";

const PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----\n";

test("credentials replace their own lines and leave the others, comments and blank lines too", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "keep-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, ".env");
  writeFileSync(file, "# mine\nAPP_ID=1\n\nPORT=4000\n", { mode: 0o644 });
  keepCredentials(file, { APP_ID: "42", PRIVATE_KEY: `"${PEM}"`, WEBHOOK_SECRET: "s3cret" });
  const text = readFileSync(file, "utf8");
  assert.match(text, /^# mine\n\nPORT=4000\nAPP_ID=42\n/);
  assert.deepEqual(
    { ...parseEnv(text) },
    { PORT: "4000", APP_ID: "42", PRIVATE_KEY: PEM, WEBHOOK_SECRET: "s3cret" },
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a missing file is made", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "keep-"));
  t.after(() => rmSync(dir, { recursive: true }));
  keepCredentials(join(dir, ".env"), { APP_ID: "42" });
  assert.equal(readFileSync(join(dir, ".env"), "utf8"), "APP_ID=42\n");
});
