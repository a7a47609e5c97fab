/** The relay and the shell that becomes the agent, in a network that has nothing but them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { createEgress, type Egress, type Way } from "../../src/egress/egress.ts";
import { proxyVariables, whyNotStarted, wrapArgv } from "../../src/egress/wrap.ts";
import { KEY, listen, NO_OUTER, serve } from "./stage.ts";

export const RUN = { runId: "run", attempt: 1 };

/** Something that runs a command without a network. */
export interface Cage {
  readonly name: string;
  readonly argv: (way: Way, env: Readonly<Record<string, string>>) => readonly string[];
}

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

export function open(t: TestContext): Egress {
  const dir = mkdtempSync(join(tmpdir(), "relay-"));
  const egress = createEgress({ dir: join(dir, "egress"), env: {}, outer: NO_OUTER });
  t.after(async () => {
    await egress.remove(RUN);
    rmSync(dir, { recursive: true });
  });
  return egress;
}

export const REQUEST = { ...RUN, allow: [], provider: null, lifeMs: 600_000 };
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

export function relaySuite(cage: Cage, skip: string | false = false): void {
  describe(`in ${cage.name}, without a network`, { concurrency: 2, timeout: 120_000, skip }, () => {
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
      for (const address of [`http://${provider}/`, `http://127.0.0.1:${bare}/`, "http://192.0.2.1/"])
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
