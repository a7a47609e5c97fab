import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, ForgeError, Refusal } from "../../src/model/errors.ts";
import { cli } from "./terminal.ts";

const fails = (error: Error) => ({
  start: async () => {
    throw error;
  },
});

test("each command is called with its arguments", async () => {
  const call = async (...argv: string[]) => {
    const { code, calls } = await cli(argv);
    assert.equal(code === 2, false, argv.join(" "));
    return calls[0];
  };
  const config = null;
  assert.deepEqual(await call("start", "--config", "a.yaml"), ["start", { config: "a.yaml", role: null }]);
  assert.deepEqual(await call("--config=a.yaml", "start"), ["start", { config: "a.yaml", role: null }]);
  assert.deepEqual(await call("start", "--role", "web"), ["start", { config, role: "web" }]);
  assert.deepEqual(await call("backup", "b.sqlite"), ["backup", { config, file: "b.sqlite" }]);
  assert.deepEqual(await call("migrate-store"), ["migrateStore", { config }]);
  assert.deepEqual(await call("demo", "--keep", "--port", "4000"), ["demo", { keep: true, port: 4000 }]);
  assert.deepEqual(await call("check"), ["check", { config }]);
  assert.deepEqual(await call("setup", "github"), ["setupGithub", { port: null, url: null }]);
  assert.deepEqual(await call("status", "--all"), ["status", { config, all: true }]);
  assert.deepEqual(await call("logs", "01k9", "--follow"), ["logs", { config, run: "01k9", follow: true }]);
  assert.deepEqual(await call("freeze"), ["freeze", { config }]);
  assert.deepEqual(await call("thaw"), ["thaw", { config }]);
  assert.deepEqual(await call("pool", "resume", "codex"), ["resumePool", { config, pool: "codex" }]);
});

test("forge add-hook takes a repository or an organisation", async () => {
  const one = await cli(["forge", "add-hook", "codeberg", "acme/shop", "--url", "https://d.example"]);
  assert.deepEqual(one.calls[0]?.[1], {
    config: null,
    forge: "codeberg",
    owner: "acme",
    repository: "shop",
    url: "https://d.example",
  });
  assert.equal(one.out, "made: codeberg sends acme/shop's events to https://d.example/hook\n");
  const all = await cli(["forge", "add-hook", "codeberg", "acme"]);
  assert.deepEqual(all.calls[0]?.[1], {
    config: null,
    forge: "codeberg",
    owner: "acme",
    repository: null,
    url: null,
  });
});

test("logs are printed as they come, without what could drive the terminal", async () => {
  const chunk = "a\u001b[2J\u001b]0;title\u0007b\tc\r\n";
  const { out } = await cli(["logs", "01"], {
    async *logs() {
      yield chunk;
    },
  });
  assert.equal(out, "ab\tc\n");
});

test("a demo that was not right exits with 1", async () => {
  const lived = await cli(["demo"], {
    demo: async (_, say) => {
      say("an issue was opened");
      return false;
    },
  });
  assert.deepEqual([lived.code, lived.out], [1, "an issue was opened\n"]);
});

test("wrong arguments exit with 2, call nothing and say where help is", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["strat", /there is no command "strat"; did you mean "start"\?/],
    ["pool", /there is no command "pool"; did you mean "pool resume"\?/],
    ["pool resum codex", /did you mean "pool resume"\?/],
    ["frobnicate", /there is no command "frobnicate"\n/],
    ["demo --kep", /demo has no option --kep; did you mean --keep\?/],
    ["start --all", /start has no option --all\n/],
    ["demo --port", /--port needs a value/],
    ["demo --port --keep", /--port needs a value/],
    ["start --role boss", /--role "boss" is no role: all, web, worker\n/],
    ["backup", /backup needs <file>/],
    ["demo --port 99999", /--port "99999" is no port/],
    ["demo --keep=yes", /--keep takes no value/],
    ["logs", /logs needs <run>/],
    ["logs a b", /logs takes no argument "b"/],
    ["forge add-hook codeberg a/b/c", /"a\/b\/c" is no owner or owner\/repository/],
    ["forge add-hook codeberg a/", /"a\/" is no owner or owner\/repository/],
    ["forge add-hook codeberg a --url d.example", /--url "d\.example" is no http or https address/],
    ["--config x", /no command given/],
  ];
  for (const [line, message] of cases) {
    const { code, out, err, calls } = await cli(line.split(" ").filter(Boolean));
    assert.match(err, message, line);
    assert.match(err, /^error: .*\nSee: agent-dispatch .*--help\n$/, line);
    assert.deepEqual([code, out, calls.length], [2, "", 0], line);
  }
});

test("help and version are given however they are asked for", async () => {
  for (const argv of [["--help"], ["-h"], ["help"]]) {
    const { code, out } = await cli(argv);
    assert.equal(code, 0);
    assert.match(out, /^agent-dispatch turns an issue/);
    assert.match(out, /pool resume <pool> +end an agent's pause/);
  }
  for (const argv of [["--version"], ["-v"], ["version"]]) assert.equal((await cli(argv)).out, "1.2.3\n");
  for (const argv of [
    ["pool", "resume", "--help"],
    ["help", "pool", "resume"],
  ]) {
    const { code, out } = await cli(argv);
    assert.equal(code, 0);
    assert.match(out, /agent-dispatch pool resume <pool> \[options\]/);
    assert.match(out, /--config FILE {2}read this agents\.yaml/);
  }
  assert.equal((await cli(["help", "strat"])).code, 2);
});

test("a refusal is shown with its fix and without a stack", async () => {
  const { code, out, err } = await cli(
    ["start"],
    fails(new Refusal("running git: no git on PATH", "Install git.")),
  );
  assert.deepEqual([code, out], [1, ""]);
  assert.equal(err, "error: running git: no git on PATH\nfix:   Install git.\n");
});

test("a forge's no is shown, with a word on trying again when that may help", async () => {
  const passing = await cli(["start"], fails(new ForgeError("asking codeberg.org: 502", 502, true)));
  assert.equal(passing.err, "error: asking codeberg.org: 502\nfix:   Try again in a moment.\n");
  const final = await cli(["start"], fails(new ForgeError("asking codeberg.org: 403", 403, false)));
  assert.equal(final.err, "error: asking codeberg.org: 403\n");
});

test("what broke in the program is said to be ours, without a stack", async () => {
  const { code, err } = await cli(["start"], fails(new TypeError("x is undefined")));
  assert.equal(code, 1);
  assert.match(
    err,
    /^error: something broke inside agent-dispatch: x is undefined\nfix: {3}This is not your mistake/,
  );
  assert.doesNotMatch(err, /at .*\.ts/);
});

test("every problem of a configuration is shown with its place", async () => {
  const problem = {
    file: "/d/agents.yaml",
    line: 3,
    column: 5,
    key: "dispatch.agnet",
    message: "is not known",
    allowed: "agent",
  };
  const variable = {
    file: "environment",
    line: null,
    column: null,
    key: "PORT",
    message: "is no port",
    allowed: null,
  };
  const { err } = await cli(["start"], fails(new ConfigError([problem, variable])));
  assert.equal(
    err,
    [
      "error: the configuration has 2 problems",
      "",
      "  /d/agents.yaml:3:5",
      "    dispatch.agnet is not known",
      "    allowed: agent",
      "",
      "  environment",
      "    PORT is no port",
      "",
    ].join("\n"),
  );
});

test("status and check print JSON when asked", async () => {
  assert.deepEqual(JSON.parse((await cli(["status", "--json"])).out), {
    frozen: false,
    workers: null,
    runs: [],
    pools: [],
    pendingEffects: 0,
  });
  assert.equal(JSON.parse((await cli(["check", "--json"])).out).config.dataDir, "/d");
});

test("without arguments it shows the help", async () => {
  const { code, out } = await cli([]);
  assert.equal(code, 0);
  assert.match(out, /Usage/);
});
