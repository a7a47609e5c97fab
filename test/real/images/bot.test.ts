/** The bot's own image, built, started as compose.yaml starts it, healthy, and stopped in its own way. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Diagnosis } from "../../../src/model/finding.ts";
import { IMAGE, makeImage } from "../runtimes/image.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const docker = (...argv: readonly string[]) =>
  execFileSync("docker", argv, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
  }).trim();

/** From inside the bot's container it starts agents in containers beside it, through the socket that was handed in. */
async function tryDoctor(bot: string, data: string): Promise<void> {
  await makeImage(["docker"]);
  const config = join(data, "doctor.yaml");
  const agents =
    "mine: { runtime: docker, network: none, custom: { argv: [sh, -c, exit 0], success: exit } }";
  writeFileSync(config, `dispatch: { agent: mine, image: "${IMAGE}", pids: 64 }\nagents: { ${agents} }\n`);
  const asked = ["doctor", "--runtime", "docker", "--json", "--config", config];
  const told = JSON.parse(docker("exec", bot, "node", "dist/main.js", ...asked)) as Diagnosis;
  const failed = told.findings.filter(({ result }) => result === "fail");
  assert.deepEqual([told.ok, failed], [true, []]);
  assert.ok(told.findings.some(({ check, result }) => check === "work" && result === "pass"));
}

describe("the bot's image", () => {
  const tag = `localhost/agent-dispatch-bot-test:${process.pid}`;
  const name = `agent-dispatch-bot-test-${process.pid}`;
  let data: string;

  before(() => {
    data = mkdtempSync(join(tmpdir(), "bot-image-"));
    chownSync(data, 1000, 1000);
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    const built = spawnSync("docker", ["build", "--tag", tag, ROOT], {
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    assert.equal(built.status, 0, `${built.stdout}${built.stderr}`);
  });
  after(() => {
    spawnSync("docker", ["rm", "--force", "--volumes", name]);
    spawnSync("docker", ["rmi", "--force", tag]);
    rmSync(data, { recursive: true, force: true });
  });

  test("it becomes healthy, as nobody, without rights, its data where they are on the host, and stops at once", async () => {
    const group = String(statSync("/var/run/docker.sock").gid);
    const held = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--group-add", group];
    const mounts = ["--volume", `${data}:${data}`, "--volume", "/var/run/docker.sock:/var/run/docker.sock"];
    const env = {
      DATA_DIR: data,
      FORGEJO_URL: "http://127.0.0.1:9999",
      FORGEJO_TOKEN: "a-token-of-the-test",
    };
    const secret = { FORGEJO_WEBHOOK_SECRET: "0123456789abcdef0123456789abcdef" };
    const settings = Object.entries({ ...env, ...secret }).flatMap(([key, value]) => [
      "--env",
      `${key}=${value}`,
    ]);
    const check = ["--health-interval", "1s", "--network", "none"];
    docker("run", "--detach", "--name", name, "--pull=never", ...held, ...mounts, ...settings, ...check, tag);
    const health = () => docker("inspect", "--format", "{{.State.Status}} {{.State.Health.Status}}", name);
    while (health() === "running starting") await setTimeout(200);
    assert.equal(health(), "running healthy", docker("logs", name));
    assert.equal(docker("exec", name, "id", "-u"), "1000");
    assert.match(docker("exec", name, "sh", "-c", `ls ${data}`), /dispatch\.sqlite/);
    assert.match(docker("exec", name, "docker", "version", "--format", "{{.Server.Version}}"), /^\d/);
    assert.equal(statSync(join(data, "dispatch.sqlite")).uid, 1000);
    await tryDoctor(name, data);
    docker("stop", "--time", "30", name);
    assert.equal(docker("inspect", "--format", "{{.State.ExitCode}}", name), "0", docker("logs", name));
  });
  test("the compiler, the tests and secrets stay behind", () => {
    const list = (script: string) => docker("run", "--rm", "--entrypoint", "sh", tag, "-c", script);
    assert.equal(
      list("ls /app"),
      "agents.schema.json\napp.yml\ndist\nimages\nnode_modules\npackage.json\ntemplates",
    );
    assert.equal(list("ls -d /app/node_modules/typescript 2>/dev/null || echo none"), "none");
    assert.equal(list("ls -A /home/node | grep -v '^\\.\\(bash\\|profile\\)' || echo none"), "none");
  });
  test("it says its version, and lists its commands", () => {
    const { version } = JSON.parse(
      execFileSync("cat", [join(ROOT, "package.json")], { encoding: "utf8" }),
    ) as { version: string };
    assert.equal(docker("run", "--rm", tag, "--version"), version);
    assert.match(docker("run", "--rm", tag, "--help"), /doctor/);
  });
});
