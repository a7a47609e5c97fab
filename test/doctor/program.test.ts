/** The whole doctor, as an admin runs it, beside a running server and against a real (local) forge. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Diagnosis, Finding } from "../../src/model/finding.ts";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { makePlace, type Place, startServer } from "../invariants/server.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
const SECRET = "s".repeat(32);
const AGENTS = `
dispatch: { agent: mine, confined: false, public_url: "URL" }
agents:
  mine: { runtime: native, confined: false, custom: { argv: [sh, -c, "cat >/dev/null; echo I am ready"], success: exit } }
  broken: { runtime: native, confined: false, custom: { argv: [no-such-program], success: exit } }
  claude: { enabled: false }
  coderabbit: { enabled: false }
`;

async function prepared(t: TestContext) {
  const world = await startLocalForgeWorld();
  t.after(() => world.close());
  const place = await makePlace(AGENTS.replace("URL", "http://127.0.0.1:1"));
  t.after(() => place.remove());
  const env = { FORGEJO_URL: world.url, FORGEJO_TOKEN: world.bot.token, FORGEJO_WEBHOOK_SECRET: SECRET };
  return { world, place, env };
}

async function doctor(
  place: Place,
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  hear: (printed: string, child: ChildProcess) => void = () => {},
) {
  const child = spawn(process.execPath, [MAIN, "doctor", ...options], {
    cwd: place.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: place.home, TMPDIR: place.tmp, DATA_DIR: place.data, ...env },
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => {
    said.out += data.toString();
    hear(data.toString(), child);
  });
  child.stderr.on("data", (data: Buffer) => (said.err += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}

const find = ({ findings }: Diagnosis, subject: string, check: string): Finding | undefined =>
  findings.find((one) => one.subject === subject && one.check === check);

test("beside a running server everything that works passes, what is weaker warns, and nothing is left", async (t) => {
  const { world, place, env } = await prepared(t);
  await world.createRepo({ owner: "acme", name: "app", files: { "README.md": "# App\n" } });
  const server = await startServer(place, env);
  t.after(() => server.end("SIGKILL"));
  const yaml = `${AGENTS.replace("URL", server.url)}\npermission: { repositories: [acme/app] }\n`;
  await writeFile(join(place.cwd, "doctor.yaml"), yaml);
  const before = await readdir(place.cwd);

  const port = new URL(server.url).port;
  const options = ["--config", "doctor.yaml", "--json", "--login"];
  const { code, out, err } = await doctor(place, { ...env, PORT: port }, options);
  const diagnosis = JSON.parse(out) as Diagnosis;
  const failed = diagnosis.findings.filter(({ result }) => result === "fail");
  assert.deepEqual([code, failed, err], [0, [], ""]);
  assert.deepEqual([diagnosis.version, diagnosis.ok, diagnosis.failed], [1, true, 0]);
  assert.equal(diagnosis.passed + diagnosis.warned, diagnosis.findings.length);
  for (const [subject, check] of [
    ...[["data folder", "write"] as const, ["workspaces", "space"] as const, ["store", "open"] as const],
    ...(["credentials", "clock", "permissions", "time tracking", "webhooks"] as const).map(
      (check) => ["forgejo", check] as const,
    ),
    ...(["runtime", "program", "key", "login"] as const).map((check) => ["mine", check] as const),
    ...(
      [
        "own folders",
        "work",
        "network open",
        "exit code",
        "death by signal",
        "adoption",
        "leftovers",
      ] as const
    ).map((check) => ["native", check] as const),
  ]) {
    assert.equal(find(diagnosis, subject, check)?.result, "pass", `${subject} ${check}`);
  }
  // Asked for it, an unconfined agent sees the host: said with the fix, but no failure.
  const seen = find(diagnosis, "native", "files of the host");
  assert.equal(seen?.result, "warn");
  for (const folder of [place.data, place.home, place.cwd]) assert.ok(seen?.detail.includes(folder), folder);
  assert.equal(find(diagnosis, "native", "network none: this machine")?.result, "warn");
  // Nobody must set up every agent.
  const missing = find(diagnosis, "broken", "program");
  assert.deepEqual([missing?.result, /no-such-program/.test(missing?.detail ?? "")], ["warn", true]);

  assert.deepEqual(await readdir(place.cwd), before);
  assert.deepEqual(await readdir(place.home), []);
  for (const folder of [place.data, join(place.data, "workspace")])
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes("doctor")),
      [],
    );
  assert.equal(server.process.exitCode, null);
});

test("what fails is said with its fix, the rest is tried all the same, and the exit code is 1", async (t) => {
  const { world, place, env } = await prepared(t);
  world.fail("GET", /^\/user$/, 401);
  await writeFile(
    join(place.cwd, "agents.yaml"),
    AGENTS.replace("URL", "http://127.0.0.1:1").replace("agent: mine", "agent: broken"),
  );
  const { code, out, err } = await doctor(place, { ...env, PORT: "1" });
  assert.deepEqual([code, err], [1, ""]);
  assert.match(out, /^This machine\n {2}pass {2}data folder: write: /);
  assert.match(out, /Forge forgejo\n {2}fail {2}credentials: .*401.*\n {8}fix: /);
  assert.match(out, /warn {2}webhooks: could not be tried: no server of ours answers/);
  assert.match(
    out,
    /Agent broken\n {2}pass {2}runtime: native\n {2}fail {2}program: .*no-such-program.*\n {8}fix: /,
  );
  assert.match(out, /pass {2}adoption: a restarted bot finds and ends a running agent/);
  assert.match(out, /\nnot healthy: \d+ passed, \d+ warnings?, [2-9] failed\n$/);
  assert.ok(!out.includes("\u001b") && !out.includes("\r"));
});

test("a limit that the runtime cannot hold refuses its agents, and fails where that is tried", async (t) => {
  const { place, env } = await prepared(t);
  const yaml = AGENTS.replace("URL", "http://127.0.0.1:1").replace("agent: mine", "agent: mine, memory: 1g");
  await writeFile(join(place.cwd, "agents.yaml"), yaml);
  const all = await doctor(place, { ...env, PORT: "1" });
  assert.match(all.out, /fail {2}runtime: .*native can not hold it to dispatch\.memory .*\n {8}fix: /);
  const { code, out } = await doctor(place, env, ["--runtime", "native"]);
  assert.equal(code, 1);
  assert.match(out, /fail {2}limit of memory: dispatch\.memory is set and is not held\n {8}fix: /);
});

test("stopped in the middle, it ends what it started and leaves nothing", async (t) => {
  const { place, env } = await prepared(t);
  const { code, err } = await doctor(place, env, ["--runtime", "native"], (printed, child) => {
    if (printed.includes("user: ")) child.kill("SIGINT");
  });
  assert.equal(code, 1);
  assert.match(err, /stopped before everything was tried/);
  assert.deepEqual(await readdir(place.home), []);
  assert.deepEqual(await readdir(join(place.data, "workspace")), []);
  assert.deepEqual(
    (await readdir(place.cwd)).filter((name) => name.includes("doctor")),
    [],
  );
});

test("one runtime alone is tried when it is named, and one that is not there is said", async (t) => {
  const { place, env } = await prepared(t);
  const one = await doctor(place, env, ["--runtime", "native", "--json"]);
  const { findings } = JSON.parse(one.out) as Diagnosis;
  assert.deepEqual(
    [...new Set(findings.map(({ area, subject }) => `${area} ${subject}`))],
    ["runtime native"],
  );
  const none = await doctor(place, env, ["--runtime", "nowhere"]);
  assert.equal(none.code, 1);
  assert.match(
    none.out,
    /Runtime nowhere\n {2}fail {2}ready: there is no runtime nowhere\n {8}fix: one of: .*native/,
  );
});
