/** A private key is found before a push in every form people and programs keep one in. */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { test } from "node:test";
import { createFinder, needlesFor } from "../../src/workspace/needles.ts";
import { git, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

const privateKeyEncoding = { type: "pkcs8", format: "pem" } as const;
const publicKeyEncoding = { type: "spki", format: "pem" } as const;
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding, publicKeyEncoding });
const KEY = rsa().privateKey;
const lines = KEY.trim().split("\n");
const body = lines.slice(1, -1).join("");

const FORMS: Readonly<Record<string, string>> = {
  "as it is": KEY,
  "in a .env file": `PRIVATE_KEY="${KEY.replaceAll("\n", "\\n")}"\n`,
  "in JSON in JSON": JSON.stringify(JSON.stringify({ key: KEY })),
  "with Windows line ends": KEY.replaceAll("\n", "\r\n"),
  "with escaped Windows line ends": KEY.replaceAll("\n", "\\r\\n"),
  "indented in YAML": `key: |\n${lines.map((line) => `    ${line}`).join("\n")}\n`,
  "its body on one line": `const key = "${body}";\n`,
  "on one line with spaces": lines.join(" "),
  "wrapped at 76 characters": body.replace(/.{76}/g, "$&\n"),
  "in base64": Buffer.from(KEY).toString("base64"),
  "a line of it alone": `see ${lines[5]}!`,
};

test("a private key is found in files and in commit messages, whatever its form", async (t) => {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  const search = async () => {
    const work = await room.collect(run, prepared);
    assert.ok(work);
    const { workspace } = prepared;
    return await room.workspaces.findSecret({ workspace, sha: work.sha, secrets: [`${KEY}\n`] });
  };
  await git(checkout, "commit", "-q", "--allow-empty", "-m", "x");
  for (const [how, form] of Object.entries(FORMS)) {
    await writeFiles(checkout, { "conf.txt": form });
    assert.equal(await search(), "conf.txt", `a file with the key ${how}`);
    await writeFiles(checkout, { "conf.txt": "nothing" });
    await git(checkout, "commit", "-q", "--allow-empty", "--amend", "-m", `Key\n\n${form}`);
    assert.match((await search()) ?? "", /^the commit message of/, `a message with the key ${how}`);
    await git(checkout, "commit", "-q", "--allow-empty", "--amend", "-m", "x");
    assert.equal(await search(), null);
  }
});

test("a key kept on one line is found where it is written on many", () => {
  for (const kept of [
    KEY.replaceAll("\n", "\\n"),
    `${lines[0]}\n${body}\n${lines.at(-1)}`,
    lines.join(" "),
  ]) {
    const holds = createFinder(needlesFor([kept]));
    for (const [how, form] of Object.entries(FORMS)) assert.ok(holds(Buffer.from(form)), how);
  }
});

test("other keys, and the words beside a key, are not taken for it", () => {
  const words = "Renew this one every year in the settings";
  const holds = createFinder(needlesFor([`${words}\n${KEY}`]));
  for (const text of [rsa().privateKey, rsa().publicKey, words, lines[0] ?? ""]) {
    assert.ok(!holds(Buffer.from(text)));
  }
});

test("a needle is found wherever it stands, and by its last byte too", () => {
  const needles = ["abcdefgh", "abcdefghijkl-1", "zzzzzzzz", "0123456789"].map((text) => Buffer.from(text));
  const holds = createFinder(needles);
  for (const needle of needles) {
    for (let before = 0; before < 20; before++) {
      const text = Buffer.concat([Buffer.alloc(before, "x"), needle]);
      assert.ok(holds(text) && holds(Buffer.concat([text, Buffer.from("y")])), `${needle} after ${before}`);
    }
  }
  assert.ok(!holds(Buffer.from("abcdefg zzzzzzz 012345678 hgfedcba")) && !holds(Buffer.from("")));
});

test("32 MB are searched for a key in a moment, be they code or noise", () => {
  const holds = createFinder(needlesFor([KEY, "another-secret-value", "and-a-third-one"]));
  const code = Buffer.alloc(
    32 << 20,
    'import { something } from "./somewhere.ts"; // and base64: aGVsbG8gd29ybGQ=\n',
  );
  for (const content of [code, Buffer.from(randomBytes(24 << 20).toString("base64"))]) {
    const from = performance.now();
    assert.ok(!holds(content));
    assert.ok(performance.now() - from < 5_000, `${performance.now() - from} ms`);
  }
});
