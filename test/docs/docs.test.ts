/** What the documents say exists: their links, the commands and scripts they name, the settings they show. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { CATALOG } from "../../src/cli/catalog.ts";
import { parse as parseArguments } from "../../src/cli/parse.ts";
import { FLAGS } from "../../src/command/flags.ts";
import { parseComment } from "../../src/command/parse.ts";
import { loadConfig } from "../../src/config/load.ts";
import { parseRepositoryConfig } from "../../src/config/repository.ts";
import { renderPlan } from "../../src/prompt/plan.ts";
import { type Document, documents, ROOT } from "./markdown.ts";

const all = documents();
const BUILT_IN = ["codex", "claude", "gemini", "coderabbit", "local"];
const COMMAND = /^(?:[A-Z_]+=\S+ )*agent-dispatch( .+)?$/;

/** A finding with its document, so that a failure says where to look. */
function inAll<T>(
  read: (document: Document) => readonly T[],
): readonly { readonly path: string; readonly found: T }[] {
  return all.flatMap((document) => read(document).map((found) => ({ path: document.path, found })));
}

/** Code as a person would type it: lines of shell blocks without their comments, and inline code. */
function typed({ blocks, spans }: Document): readonly string[] {
  const shell = blocks.filter(({ info }) => info === "sh").flatMap(({ text }) => text.split("\n"));
  return [...shell, ...spans].map((line) => line.replace(/\s+#.*$/, "").trim());
}

const blocksOf = (info: string) =>
  inAll(({ blocks }) => blocks.filter((block) => block.info === info).map(({ text }) => text));

test("every document that people are sent to is there", () => {
  const names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
  for (const name of names)
    assert.ok(
      all.some(({ path }) => path === name),
      name,
    );
});

test("every relative link and picture leads somewhere", () => {
  for (const { path, found } of inAll(({ links }) => links)) {
    if (/^[a-z]+:/.test(found.target)) continue;
    const [file = "", anchor] = found.target.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    assert.ok(existsSync(join(ROOT, target)), `${path} links to ${found.target}`);
    const known = all.find((document) => document.path === target);
    if (anchor && known) assert.ok(known.anchors.has(anchor), `${path} links to ${found.target}`);
  }
});

test("every defence in SECURITY.md names a test that is there", () => {
  const named = all
    .filter(({ path }) => path === "SECURITY.md")
    .flatMap(({ links }) => links)
    .filter(({ target }) => target.startsWith("test/"));
  assert.ok(named.length > 20);
  for (const { text, target } of named) {
    const source = readFileSync(join(ROOT, target), "utf8");
    assert.ok(source.includes(`"${text}"`), `${target} has no test "${text}"`);
  }
});

test("the README names every command of the program, and docs/commands.md every flag", () => {
  const text = (name: string) => all.find(({ path }) => path === name)?.text ?? "";
  for (const { name } of CATALOG) assert.ok(text("README.md").includes(`agent-dispatch ${name}`), name);
  for (const flag of FLAGS) assert.ok(text("docs/commands.md").includes(`\`${flag}`), flag);
});

test("every command of the program is one, with arguments that it takes", () => {
  const lines = inAll(typed).filter(
    ({ found }) => COMMAND.test(found) && !/agent-dispatch <command>/.test(found),
  );
  assert.ok(lines.length > 20, "the documents name commands");
  for (const { path, found } of lines) {
    const words = (COMMAND.exec(found)?.[1] ?? " --help").trim().split(/\s+/);
    const parsed = parseArguments(words);
    if (parsed.kind !== "wrong") continue;
    // In running text a command may be named without what it needs.
    assert.match(parsed.message, / needs </, `${path}: ${found}: ${parsed.message}`);
  }
});

test("every npm script is one of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const named = inAll((document) =>
    typed(document).flatMap((line) => [...line.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)]),
  );
  assert.ok(named.length > 10, "the documents name scripts");
  for (const { path, found } of named) {
    const script = found[1] ?? found[2] ?? "";
    assert.ok(script in scripts, `${path}: npm run ${script}`);
  }
});

test("every agents.yaml that is shown is taken by the server", () => {
  const blocks = blocksOf("yaml agents.yaml");
  assert.ok(blocks.length > 5, "the documents show settings");
  for (const { path, found } of blocks) {
    assert.doesNotThrow(
      () =>
        loadConfig({
          env: environmentFor(found),
          file: join(ROOT, "agents.yaml"),
          fileText: found,
          cwd: join(ROOT, "test", "docs"),
        }),
      `${path}:\n${found}`,
    );
  }
});

/** A forge, and a value for every variable that the file names. */
function environmentFor(yaml: string): Readonly<Record<string, string>> {
  const secret = "0123456789abcdef0123456789abcdef";
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const named = [...yaml.matchAll(/(\w+)_env: ([A-Z_]+)/g)].map(([, kind, name = ""]) => {
    return [name, kind === "app_id" ? "123" : kind === "private_key" ? key : `${name}-${secret}`];
  });
  const forge = { FORGEJO_URL: "https://forge.example.com", FORGEJO_TOKEN: `t${secret}` };
  return { ...forge, FORGEJO_WEBHOOK_SECRET: `w${secret}`, ...Object.fromEntries(named) };
}

test("every dispatch.yml and every plan that is shown is taken", () => {
  const files = blocksOf("yaml dispatch.yml");
  const plans = blocksOf("yaml plan");
  assert.ok(files.length > 0 && plans.length > 0);
  for (const { path, found } of files) assert.ok(parseRepositoryConfig(found, path));
  for (const { path, found } of plans) {
    const rendered = renderPlan({ file: path, text: found, line: 1 }, { version: "2.0" });
    assert.match(rendered, /- \[ \] /);
  }
});

test("every variable in a .env that is shown is one of .env.example", () => {
  const known = readFileSync(join(ROOT, ".env.example"), "utf8");
  const blocks = blocksOf("ini .env");
  assert.ok(blocks.length > 3, "the documents show variables");
  for (const { path, found } of blocks) {
    for (const [, name] of found.matchAll(/^([A-Z_]+)=/gm)) {
      assert.match(known, new RegExp(`^${name}=`, "m"), `${path}: ${name}`);
    }
  }
});

test("every /dispatch that is shown whole is read as a command", () => {
  const agents = [...BUILT_IN, "aider"];
  const isWhole = (line: string) =>
    /^\/dispatch(?: |$)/.test(line) && !/[<[…|]/.test(line) && !/codx|^\/dispatch name:/.test(line);
  const lines = inAll(({ blocks, spans }) => [
    ...blocks.filter(({ info }) => info === "text").flatMap(({ text }) => text.split("\n")),
    ...spans,
  ]).filter(({ found }) => isWhole(found));
  assert.ok(lines.length > 20, "the documents show commands");
  for (const { path, found } of lines) {
    const [command] = parseComment(found, { prefix: "/dispatch", agents });
    const problem = command?.kind === "error" ? command.message : command ? null : "no command";
    // In running text an answer may be named without its text.
    if (found !== "/dispatch answer") assert.equal(problem, null, `${path}: ${found}`);
  }
});
