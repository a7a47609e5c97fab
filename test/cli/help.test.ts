import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOG } from "../../src/cli/catalog.ts";
import { parse } from "../../src/cli/parse.ts";
import { cli } from "./terminal.ts";

test("the help of each command holds its usage, and its examples are valid", async () => {
  for (const command of CATALOG) {
    const { out } = await cli([...command.name.split(" "), "--help"]);
    assert.ok(out.includes(`agent-dispatch ${command.name}`), command.name);
    for (const example of command.examples) {
      assert.ok(out.includes(`  ${example}\n`), example);
      const parsed = parse(example.split(" ").slice(1));
      assert.ok(parsed.kind === "run" && parsed.name === command.name, example);
    }
  }
});

test("no line of help is wider than a terminal", async () => {
  for (const argv of [["--help"], ...CATALOG.map(({ name }) => [...name.split(" "), "--help"])]) {
    for (const line of (await cli(argv)).out.split("\n")) assert.ok(line.length <= 100, line);
  }
});
