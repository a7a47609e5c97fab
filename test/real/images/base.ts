/**
 * A stand-in for `node:24-slim`, for a machine that reaches npm's registry and Debian's but no registry of images: a
 * small Debian with this Node and this machine's npm in it, and the user that the real one has. What this machine needs
 * to reach the two (certificates) is in it too, so that no Dockerfile has to know.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type Engine = "docker" | "podman";

const NODE = "node:24-slim";
/** Where the bot's Dockerfile takes the client from. */
const CLIENT = "docker:28-cli";
/** As engines write the two out. */
const FULL = { docker: "", podman: "docker.io/library/" } as const;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const OWN_CERTIFICATES = "/usr/local/share/ca-certificates";

/** Makes both for each engine that has none, and gives back what removes them again. */
export async function makeBases(engines: readonly Engine[]): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), "image-base-"));
  const made: (readonly [Engine, string])[] = [];
  const remove = () => {
    for (const [engine, name] of made) execFileSync(engine, ["rmi", "--force", name], { stdio: "ignore" });
  };
  try {
    inMemory(dir);
    const root = join(dir, "root");
    const client = join(dir, "client");
    debian(root);
    mkdirSync(join(client, "usr/local/bin"), { recursive: true });
    cpSync(realpathSync(programAt("docker")), join(client, "usr/local/bin/docker"));
    const settings = [
      ["ENV", "NODE_EXTRA_CA_CERTS=/etc/image-base.crt"],
      ["ENTRYPOINT", '["docker-entrypoint.sh"]'],
      ["CMD", '["node"]'],
    ].flatMap(([key, value]) => ["--change", `${key} ${value}`]);
    for (const engine of engines) {
      for (const [name, folder, changes] of [
        [NODE, root, settings],
        [CLIENT, client, []],
      ] as const) {
        const full = `${FULL[engine]}${name}`;
        if (isThere(engine, full)) continue;
        await importFolder(engine, folder, full, changes);
        made.push([engine, full]);
      }
    }
    return remove;
  } catch (error) {
    remove();
    throw error;
  } finally {
    spawnSync("/usr/bin/umount", [dir], { stdio: "ignore" });
    rmSync(dir, { recursive: true, force: true });
  }
}

/** dpkg waits for the disk after every file; where mounting is not allowed, it just takes longer. */
function inMemory(dir: string): void {
  spawnSync("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=2g", "tmpfs", dir], { stdio: "ignore" });
}

function debian(root: string): void {
  const mirror = "http://deb.debian.org/debian";
  run("debootstrap", ["--variant=minbase", "bookworm", root, mirror]);
  const lib = join(root, "usr/local/lib/node_modules");
  mkdirSync(lib, { recursive: true });
  cpSync(realpathSync(process.execPath), join(root, "usr/local/bin/node"));
  // Node's package of npm's own brings none: it is the one that runs this.
  const npm = realpathSync(process.env.npm_execpath ?? programAt("npm"));
  cpSync(join(dirname(npm), ".."), join(lib, "npm"), { recursive: true, dereference: true });
  for (const name of ["npm", "npx"])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, "usr/local/bin", name));
  run("chroot", [root, "useradd", "--uid", "1000", "--create-home", "node"]);
  cpSync(CERTIFICATES, join(root, "etc/image-base.crt"));
  if (existsSync(OWN_CERTIFICATES))
    cpSync(OWN_CERTIFICATES, join(root, OWN_CERTIFICATES), { recursive: true });
  rmSync(join(root, "var/cache/apt/archives"), { recursive: true });
}

function run(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, stdio: "pipe" });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")}:\n${stdout.slice(-2_000)}${stderr.slice(-2_000)}`, {
      cause: error,
    });
  }
}

const programAt = (name: string) =>
  execFileSync("/bin/sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).trim();

function isThere(engine: Engine, name: string): boolean {
  try {
    execFileSync(engine, ["image", "inspect", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function importFolder(
  engine: Engine,
  folder: string,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const tar = spawn("tar", ["-C", folder, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const child = spawn(engine, ["import", ...changes, "-", name], {
    stdio: [tar.stdout, "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${engine} import ${name} ended with ${code}`);
}
