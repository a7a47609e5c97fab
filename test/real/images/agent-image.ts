/** What the agent image must be, whichever engine built it by `agent-dispatch image build`. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Engine } from "./base.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "src", "main.ts");
const PINNED = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "..", "images", "agent", "package.json"), "utf8"),
) as { dependencies: Record<string, string> };
const PROGRAMS = {
  claude: "@anthropic-ai/claude-code",
  codex: "@openai/codex",
  gemini: "@google/gemini-cli",
} as const;
/** A value of the builder's environment that must not get into the image. */
const CANARY = "canary-of-the-builders-environment";

export function agentImage(engine: Engine): void {
  const tag = `localhost/agent-dispatch-image-test:${process.pid}`;
  /** As runs do: no network, no rights, nothing writable but a tmp. */
  const inside = (...argv: readonly string[]) => {
    const held = [
      "--network",
      "none",
      "--cap-drop",
      "ALL",
      "--read-only",
      "--tmpfs",
      "/tmp:rw,exec",
      "--init",
    ];
    const own = ["--tmpfs", "/home/agent:rw,exec,mode=1777"];
    return execFileSync(engine, ["run", "--rm", "--pull=never", ...held, ...own, tag, ...argv], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  };

  describe(`the agent image, built by ${engine}`, () => {
    let cwd: string;
    before(() => {
      cwd = mkdtempSync(join(tmpdir(), "image-build-"));
      const env = { ...process.env, OPENAI_API_KEY: CANARY, FORGEJO_URL: "", DOCKER_BUILDKIT: "0" };
      const argv = [MAIN, "image", "build", "--engine", engine, "--tag", tag];
      const built = spawnSync(process.execPath, argv, { cwd, env, encoding: "utf8", maxBuffer: 1 << 28 });
      assert.equal(built.status, 0, built.stderr);
      assert.equal(
        built.stdout,
        `built ${tag} with ${engine}\nin agents.yaml: dispatch: { image: "${tag}" }\n`,
      );
      assert.match(built.stderr, /FROM|STEP/, "the engine's own progress is shown");
    });
    after(() => {
      rmSync(cwd, { recursive: true, force: true });
      spawnSync(engine, ["rmi", "--force", tag]);
    });

    for (const [program, name] of Object.entries(PROGRAMS)) {
      test(`${program} starts, at the pinned version`, () => {
        assert.ok(inside(program, "--version").includes(PINNED.dependencies[name] ?? "none"));
      });
    }
    test("it is not root, has a home, and no entrypoint stands before a command", () => {
      const [name, uid, place, home] = inside("sh", "-c", "id -un; id -u; pwd; echo $HOME").split("\n");
      assert.deepEqual([name, uid, place, home], ["agent", "1000", "/home/agent", "/home/agent"]);
    });
    test("what agents work with is there", () => {
      for (const program of [
        "git",
        "node",
        "npm",
        "python3",
        "rg",
        "curl",
        "jq",
        "make",
        "g++",
        "unzip",
        "less",
        "ps",
      ])
        assert.match(inside("sh", "-c", `command -v ${program}`), /^\//, program);
    });
    test("git works in a checkout that belongs to somebody else", () => {
      const script =
        "git init -q /tmp/r && cd /tmp/r && git status --porcelain && git config --system safe.directory";
      assert.equal(inside("sh", "-c", script), "*\n");
    });
    test("nothing of whoever built it is in it", () => {
      const config = execFileSync(engine, ["image", "inspect", tag], { encoding: "utf8" });
      const history = execFileSync(engine, ["history", "--no-trunc", tag], { encoding: "utf8" });
      assert.ok(!config.includes(CANARY) && !history.includes(CANARY));
      assert.ok(!inside("env").includes(CANARY));
      // What Debian gives every new user stays, where the engine copies a folder into what is mounted over it.
      const own = "ls -A /home/agent | grep -vx '.bash_logout\\|.bashrc\\|.profile'";
      const settings = "find / -xdev -name .npmrc -not -path '*/node_modules/*' -o -xdev -name .env";
      assert.equal(
        inside("sh", "-c", `${own}; ls -A /opt/agents; ${settings} 2>/dev/null; true`),
        "node_modules\npackage-lock.json\npackage.json\n",
      );
    });
  });
}
