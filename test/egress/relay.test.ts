/**
 * The relay and the shell that becomes the agent, in a network that has nothing but them: by bubblewrap, and in
 * containers of the engines that are there.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { createEgress, type Egress, type Way } from "../../src/egress/egress.ts";
import { proxyVariables, RELAY_PORT, whyNotStarted, wrapArgv } from "../../src/egress/wrap.ts";
import { KEY, listen, NO_OUTER, serve } from "./stage.ts";

const IMAGE = "localhost/probe:1";
const RUN = { runId: "run", attempt: 1 };

interface Cage {
  readonly name: string;
  readonly argv: (way: Way, env: Readonly<Record<string, string>>) => readonly string[];
}

const container = (engine: string): Cage => ({
  name: `a container of ${engine}`,
  argv: ({ folder }, env) => [
    ...[engine, "run", "--rm", "-i", "--pull=never", "--network", "none", "--init", "--read-only"],
    ...["--user", "1234:1234", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--mount", `type=bind,source=${folder},target=${folder},readonly`],
    ...Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    IMAGE,
  ],
});

const BUBBLEWRAP: Cage = {
  name: "bubblewrap",
  argv: (_, env) => [
    ...["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"],
    ...["--unshare-net", "--unshare-pid", "--die-with-parent", "--clearenv"],
    ...Object.entries({ ...env, PATH: process.env.PATH ?? "" }).flatMap((one) => ["--setenv", ...one]),
  ],
};

const works = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0;
const CAGES = [
  ...(works("bwrap", "--ro-bind", "/", "/", "--unshare-net", "true") ? [BUBBLEWRAP] : []),
  ...["docker", "podman"].filter((engine) => works(engine, "image", "inspect", IMAGE)).map(container),
];

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

async function inside(cage: Cage, way: Way, argv: readonly string[], options: Options = {}): Promise<Ended> {
  const env = { ...proxyVariables(), ...options.env };
  const [program = "", ...args] = [...cage.argv(way, env), ...wrapArgv(way.folder, "node", argv)];
  const child = spawn(program, args, { stdio: "pipe" });
  child.stdin.on("error", () => {}).end(options.stdin ?? "");
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, signal, out, err };
}

interface Options {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function open(t: TestContext): Egress {
  const dir = mkdtempSync(join(tmpdir(), "relay-"));
  const egress = createEgress({ dir: join(dir, "egress"), env: {}, outer: NO_OUTER });
  t.after(async () => {
    await egress.remove(RUN);
    rmSync(dir, { recursive: true });
  });
  return egress;
}

const REQUEST = { ...RUN, allow: [], provider: null, lifeMs: 600_000 };
/** Prints what a request by Node's own fetch, led by the variables or to an address, comes to. */
const FETCH = `const [url, token] = process.argv.slice(1);
fetch(url, { headers: token ? { authorization: "Bearer " + token } : {} })
  .then(async (answer) => console.log(answer.status, await answer.text()))
  .catch((error) => console.log("no", error.cause?.code ?? error.message));`;

/** The same by way of the variables, whatever version of Node it is. */
const BY_PROXY = `const { hostname, port } = new URL(process.env.HTTP_PROXY);
require("node:http").get({ host: hostname, port, path: process.argv[1] }, async (answer) => {
  let body = "";
  for await (const chunk of answer) body += chunk;
  console.log(answer.statusCode, body);
});`;

for (const cage of CAGES) {
  describe(`in ${cage.name}, without a network`, { concurrency: 2, timeout: 120_000 }, () => {
    test("the endpoint is reached with the run's token, and no address but that", async (t) => {
      const provider = await serve(t, (request, response) => {
        response.end(request.headers.authorization === `Bearer ${KEY}` ? "with the key" : "without it");
      });
      const bare = await listen(t, (await import("node:net")).createServer());
      const egress = open(t);
      const key = { header: "authorization", value: KEY } as const;
      const way = await egress.open({ ...REQUEST, provider: { baseUrl: `http://${provider}/v1`, key } });
      const ask = (url: string, token = "") => inside(cage, way, ["node", "-e", FETCH, url, token]);
      const { url, token } = way.endpoint!;
      assert.equal((await ask(`${url}/models`, token)).out, "200 with the key\n");
      assert.match((await ask(`${url}/models`, "another")).out, /^401 /);
      for (const address of [`http://${provider}/`, `http://127.0.0.1:${bare}/`, "http://1.1.1.1/"])
        assert.match(
          (await inside(cage, way, ["node", "-e", FETCH, address], NO_PROXY)).out,
          /^no /,
          address,
        );
      assert.equal(egress.told(RUN)?.relayCame, true);
    });

    test("a program that heeds the variables reaches what is allowed, and reads why it may not reach the rest", async (t) => {
      const place = await serve(t, (_, response) => response.end("allowed"));
      const egress = open(t);
      const way = await egress.open({ ...REQUEST, allow: [place] });
      const ask = async (url: string) => (await inside(cage, way, ["node", "-e", BY_PROXY, url])).out;
      assert.equal(await ask(`http://${place}/`), "200 allowed\n");
      assert.match(
        await ask("http://evil.example/"),
        /^403 agent-dispatch: this run may not reach evil\.example:80/,
      );
      assert.deepEqual(egress.told(RUN)?.blocked, [{ host: "evil.example:80", count: 1 }]);
    });

    test("exit code, arguments and stdin are the agent's own, and the relay holds up no end", async (t) => {
      const way = await open(t).open(REQUEST);
      const script = 'cat; printf "%s|" "$@"; echo err >&2; exit 42';
      const argv = ["sh", "-c", script, "sh", "a b", "", "$HOME", "*"];
      const { code, out, err } = await inside(cage, way, argv, { stdin: "the prompt\n" });
      assert.deepEqual([code, out, err], [42, "the prompt\na b||$HOME|*|", "err\n"]);
    });

    test("a signal reaches the agent, and its death by one is told as that", async (t) => {
      const way = await open(t).open(REQUEST);
      const trap = 'trap "echo caught; exit 7" TERM; kill -TERM $$; sleep 60';
      assert.deepEqual((await inside(cage, way, ["sh", "-c", trap])).code, 7);
      assert.equal((await inside(cage, way, ["sh", "-c", "kill -KILL $$"])).code, 137);
    });

    test("a program that is missing is told before anything else, and so is a proxy that is gone", async (t) => {
      const egress = open(t);
      const way = await egress.open(REQUEST);
      const missing = await inside(cage, way, ["no-such-agent", "x"]);
      assert.deepEqual(
        [missing.code, missing.err],
        [127, "agent-dispatch: there is no program no-such-agent here\n"],
      );
      assert.equal(whyNotStarted(missing.code, "no-such-agent")?.fix, "program");
      await egress.end(RUN);
      const gone = await inside(cage, way, ["true"]);
      assert.equal(whyNotStarted(gone.code, "true")?.fix, "relay");
      assert.match(gone.err, /the relay can not reach its proxy: .*(ENOENT|ECONNREFUSED)/);
      assert.equal(egress.told(RUN)?.relayCame, false);
    });

    test("where there is no node, that is said", async (t) => {
      const egress = open(t);
      const way = await egress.open(REQUEST);
      const bare = { env: { PATH: "/nowhere" } };
      const argv = ["/bin/sh", "-c", "exit 0"];
      const { code, err } = await inside({ ...cage, argv: noNode(cage) }, way, argv, bare);
      assert.equal(err, "agent-dispatch: there is no node here, which the way to the network needs\n");
      assert.equal(whyNotStarted(code, "sh")?.fix, "node");
      assert.equal(egress.told(RUN)?.relayCame, false);
    });
  });
}

const NO_PROXY: Options = {
  env: { HTTP_PROXY: "", HTTPS_PROXY: "", http_proxy: "", https_proxy: "", NODE_USE_ENV_PROXY: "" },
};

/** The same with a PATH that leads nowhere. */
function noNode(cage: Cage): Cage["argv"] {
  return (way, env) => cage.argv(way, env).map((word) => (word === process.env.PATH ? "/nowhere" : word));
}

test("the relay ends with the agent, and does not heed the signals of the agent's group before", async (t) => {
  const egress = open(t);
  const { folder } = await egress.open(REQUEST);
  const agent = spawn("sleep", ["600"]);
  const relay = spawn(process.execPath, [join(folder, "relay.mjs"), folder, "0", String(agent.pid)]);
  t.after(() => [agent.kill("SIGKILL"), relay.kill("SIGKILL")]);
  assert.equal(await text(relay.stdout), "ready\n");
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) relay.kill(signal);
  assert.equal(relay.exitCode, null);
  agent.kill("SIGKILL");
  await once(relay, "exit");
  assert.deepEqual([relay.exitCode, relay.signalCode], [0, null]);
});

test("a program in the agent's own checkout is not taken for node", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "checkout-"));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, "checkout"));
  writeFileSync(join(dir, "checkout", "node"), "#!/bin/sh\necho ready\n");
  chmodSync(join(dir, "checkout", "node"), 0o755);
  const [program, ...args] = wrapArgv(dir, "node", ["/bin/sh", "-c", "exit 0"]);
  const { status } = spawnSync(program, args, { cwd: join(dir, "checkout"), env: { PATH: "/nowhere" } });
  assert.equal(whyNotStarted(status, "sh")?.fix, "node");
  assert.equal(RELAY_PORT < 32_768, true);
});
