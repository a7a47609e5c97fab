/**
 * A small image made of this machine's own node, git and busybox, so that containers can be tested where no registry
 * can be reached. Run as a program it makes it in the engine it is given: `node image.ts docker`.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

export const IMAGE = "localhost/agent-dispatch-test:1";
/** Where the scripted agent is inside. */
export const AGENT = "/usr/local/lib/scripted-agent.ts";
export const IMAGE_PATH = "/usr/local/bin:/usr/bin:/bin";

const LABEL = "agent-dispatch-test";
const SCRIPTED = join(import.meta.dirname, "../../../src/demo/scripted-agent.ts");

/** What the image depends on: one made of something else is made anew. */
function madeOf(): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of [import.meta.filename, SCRIPTED]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** Makes it unless it is there. `command` runs the engine: its program, or one that runs it as another user. */
export async function makeImage(command: readonly [string, ...string[]]): Promise<void> {
  const [program, ...args] = command;
  const made = madeOf();
  const known = ["image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, IMAGE];
  if (spawnSync(program, [...args, ...known], { encoding: "utf8" }).stdout?.trim() === made) return;
  const root = mkdtempSync(join(tmpdir(), "image-"));
  try {
    fill(root);
    const change = ["--change", `ENV PATH=${IMAGE_PATH}`, "--change", `LABEL ${LABEL}=${made}`];
    const tar = spawn("tar", ["-C", root, "--numeric-owner", "--owner=0", "--group=0", "-cf", "-", "."], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const engine = spawn(program, [...args, "import", ...change, "-", IMAGE], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let words = "";
    engine.stderr.on("data", (data) => {
      words += data;
    });
    const ended = once(engine, "close");
    await pipeline(tar.stdout, engine.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error(`importing the test image into ${program}: ${words}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function fill(root: string): void {
  chmodSync(root, 0o755);
  for (const dir of [
    "bin",
    "tmp",
    "proc",
    "sys",
    "dev",
    "etc",
    "root",
    "usr/bin",
    "usr/local/bin",
    "usr/local/lib",
    "usr/lib/git-core",
  ])
    mkdirSync(join(root, dir), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  const busybox = which("busybox");
  put(root, busybox, "/bin/busybox");
  for (const applet of execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n"))
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  put(root, realpathSync(process.execPath), "/usr/local/bin/node");
  put(root, realpathSync(which("git")), "/usr/bin/git");
  symlinkSync("../../bin/git", join(root, "usr/lib/git-core/git"));
  copyFileSync(SCRIPTED, join(root, AGENT));
  mkdirSync(join(root, "usr/share/git-core/templates"), { recursive: true });
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nagent:x:1000:\n");
}

/** A program with the libraries it is linked to, at their own paths. */
function put(root: string, program: string, at: string): void {
  copyFileSync(program, join(root, at));
  chmodSync(join(root, at), 0o755);
  const linked = spawnSync("/usr/bin/ldd", [program], { encoding: "utf8" }).stdout;
  for (const [library] of linked.matchAll(/\/[^ )\n]+/g)) {
    const target = join(root, library);
    if (existsSync(target) || !existsSync(library)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library), target);
    chmodSync(target, 0o755);
  }
}

function which(name: string): string {
  return execFileSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).trim();
}

if (import.meta.main) await makeImage([process.argv[2] ?? "docker", ...process.argv.slice(3)]);
