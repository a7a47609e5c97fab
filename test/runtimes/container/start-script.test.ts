/** The start script on this machine's own shells, in a folder that stands for the container's. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startScript } from "../../../src/runtimes/container/start-script.ts";

const AWKWARD = `it's "$HOME" \\ * \`x\`
second line`;
const SHELLS = ["/bin/sh", "/bin/bash", "/bin/busybox"].filter((shell) => existsSync(shell));

function run(
  t: TestContext,
  shell: string,
  recordsExit: boolean,
  env: Record<string, string>,
  ...argv: string[]
) {
  const dir = mkdtempSync(join(tmpdir(), "start-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const script = startScript({ env, recordsExit }).replaceAll("/workspace/.launch", dir);
  for (const [name, text] of Object.entries({ start: script, stdin: "the prompt" }))
    writeFileSync(join(dir, name), text);
  const args = [...(shell.endsWith("busybox") ? ["sh"] : []), join(dir, "start"), ...argv];
  const { status } = spawnSync(shell, args, {
    env: { PATH: "/usr/bin:/bin", HOSTNAME: "box", container: "oci", HOME: "/" },
  });
  const read = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : null);
  return {
    status,
    stdout: read("stdout"),
    stderr: read("stderr"),
    exit: read("exit"),
    left: readdirSync(dir).sort(),
  };
}

for (const shell of SHELLS) {
  test(`with ${shell} an agent gets its prompt, its arguments and exactly its environment`, (t) => {
    const env = { PATH: "/usr/bin:/bin", A: AWKWARD, EMPTY: "" };
    const print = "for (const n of Object.keys(process.env)) console.log(n)";
    const names = run(t, shell, false, env, process.execPath, "-e", print);
    // bash alone has its own count of shells in there again.
    const found = names.stdout
      ?.trim()
      .split("\n")
      .filter((name) => name !== "SHLVL");
    assert.deepEqual(found?.sort(), ["A", "EMPTY", "PATH"]);
    const values = run(
      t,
      shell,
      false,
      env,
      "/bin/sh",
      "-c",
      'cat; printf "%s" "$A" "$1" >&2',
      "sh",
      "one 'arg'",
    );
    assert.deepEqual([values.stdout, values.stderr], ["the prompt", `${AWKWARD}one 'arg'`]);
  });

  test(`with ${shell} script and prompt are gone before the agent begins, and its exit code is the container's`, (t) => {
    const { status, left } = run(t, shell, false, { PATH: "/usr/bin:/bin" }, "/bin/sh", "-c", "exit 7");
    assert.deepEqual([status, left], [7, ["stderr", "stdout"]]);
  });

  test(`with ${shell} the exit code is written down where the engine does not tell it`, (t) => {
    const { status, exit } = run(t, shell, true, { PATH: "/usr/bin:/bin" }, "/bin/sh", "-c", "exit 7");
    assert.deepEqual([status, exit], [0, "exit 7\n"]);
  });
}

test("a name that no shell can set is an error and no line of the script", () => {
  assert.throws(() => startScript({ env: { "A;rm -rf x": "1" }, recordsExit: false }), /no shell can set/);
});
