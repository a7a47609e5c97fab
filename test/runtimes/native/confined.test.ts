/** A hostile agent, confined by bubblewrap, tries what it can. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type ListenOptions } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { CANARY, confinedPlace, printed } from "./confined-place.ts";
import { confines } from "./confines.ts";

const isRoot = process.getuid?.() === 0;
/** Tries to connect to each argument, a path, a port or @abstract, and prints which answered. */
const CONNECTS = `const { connect } = require("node:net");
for (const to of process.argv.slice(1)) {
  const where = /^\\d+$/.test(to) ? { port: Number(to), host: "127.0.0.1" } : { path: to.replace(/^@/, "\\0") };
  connect(where).on("connect", function () { console.log("reached " + to); this.destroy(); }).on("error", () => console.log("no " + to));
}`;

async function listens(t: TestContext, where: ListenOptions) {
  const server = createServer((socket) => socket.end());
  t.after(() => server.close());
  server.listen(where);
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address ? String(address.port) : "";
}

async function stranger(t: TestContext) {
  const child = spawn("sleep", ["300"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  return String(child.pid);
}

/** Pids of processes whose command line holds the text. */
function processesWith(text: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });
}

if (await confines()) {
  test("it reads no file of the server's, its user's, another run's or the host's accounts", async (t) => {
    const { secrets, sh } = await confinedPlace(t);
    const others = [
      "/etc/shadow",
      "/etc/gshadow",
      "/etc/ssh",
      "/etc/sudoers",
      "/root",
      "/home",
      "/var/lib",
      "/boot",
    ];
    const reads = `for it in ${[...secrets, ...others].join(" ")}; do head -c 99 "$it" 2>/dev/null; ls "$it" 2>/dev/null; done`;
    const { stdout } = await sh(
      `${reads}; find / -xdev \\( -path /usr -o -path /opt -o -path /proc \\) -prune -o \\( -name '*.sqlite' -o -name .env -o -name '*.raw' \\) -print 2>/dev/null`,
    );
    assert.equal(stdout, "");
    const free = await sh(reads, { confined: false });
    assert.equal(free.stdout.split(CANARY).length - 1, secrets.length, "the test can tell");
  });

  test("it sees the accounts that it needs a name for, and no others of the host", async (t) => {
    const { sh } = await confinedPlace(t);
    const { stdout } = await sh("cut -d: -f1 /etc/passwd | sort; id -un");
    assert.deepEqual(stdout.trim().split("\n"), ["agent", "nobody", "root", "agent"]);
  });

  test("it writes in its checkout, meta and home folders, in /tmp, and nowhere else", async (t) => {
    const { root, sh, spec } = await confinedPlace(t);
    const { checkout, meta, home, logs } = spec.folders;
    const seen = join(root, "seen.txt");
    await writeFile(seen, "seen");
    await chmod(seen, 0o666);
    const places = [
      checkout,
      meta,
      home,
      "/tmp",
      "/dev/shm",
      "/",
      "/usr",
      "/usr/bin",
      "/etc",
      "/opt",
      "/run",
    ];
    const closed = [
      "/var",
      "/home",
      join(checkout, ".."),
      logs,
      join(root, "tools"),
      join(root, "tools/server"),
    ];
    const { stdout } = await sh(
      `for it in ${[...places, ...closed].join(" ")}; do (: >"$it/written") 2>/dev/null && echo "$it"; done
       cat ${seen}; echo changed >${seen}`,
      { visible: [seen] },
    );
    assert.deepEqual(stdout.split("\n"), [checkout, meta, home, "/tmp", "/dev/shm", "seen"]);
    assert.equal(await readFile(seen, "utf8"), "seen");
    assert.deepEqual((await readdir(root)).sort(), ["seen.txt", "tools"]);
    assert.deepEqual((await readdir(checkout)).sort(), ["written"]);
  });

  test("it is nobody of consequence: not root, without capabilities, and can win none", async (t) => {
    const { sh } = await confinedPlace(t);
    const { stdout } = await sh(
      "grep -E '^(Uid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)' /proc/self/status",
    );
    const found = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/:\s*/)),
    );
    const { Uid: uid, Groups: groups, NoNewPrivs: noNew, ...caps } = found;
    assert.doesNotMatch(uid, /^0\b/);
    if (isRoot) assert.equal(groups.trim(), "");
    assert.equal(noNew, "1");
    for (const [name, set] of Object.entries(caps)) assert.match(String(set), /^0+$/, name);
  });

  test("it sees no process of the host, and signals none", async (t) => {
    const { sh } = await confinedPlace(t);
    const pid = await stranger(t);
    const { stdout, exit } = await sh(`ls -d /proc/[0-9]* | wc -l; kill -9 ${pid} && echo killed; exit 4`);
    assert.ok(Number(stdout.trim()) < 10, stdout);
    assert.equal(exit.code, 4);
    assert.ok(await linuxProcesses().startOf(Number(pid)));
  });

  test("it reads the server's environment nowhere", async (t) => {
    process.env.CONFINED_CANARY = CANARY;
    t.after(() => delete process.env.CONFINED_CANARY);
    const { sh } = await confinedPlace(t);
    const { stdout } = await sh("cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'");
    assert.match(stdout, /^AGENT_DISPATCH_RUN=/m);
    assert.doesNotMatch(stdout, new RegExp(CANARY));
  });

  test("with no network it reaches no port of the host's and no socket, by name or abstract", async (t) => {
    const { root, run, spec } = await confinedPlace(t);
    const port = await listens(t, { port: 0, host: "127.0.0.1" });
    const abstract = `confined-${process.pid}`;
    await listens(t, { path: `\0${abstract}` });
    const socket = join(root, "host.sock");
    await listens(t, { path: socket });
    const others = ["/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket"];
    const tries = [port, `@${abstract}`, socket, ...others];
    const node = process.execPath;
    const { stdout, stderr } = await run({ ...spec, argv: [node, "-e", CONNECTS, ...tries] });
    assert.deepEqual(stdout.trim().split("\n").sort(), tries.map((to) => `no ${to}`).sort(), stderr);
    const open = await run({ ...spec, network: "open", argv: [node, "-e", CONNECTS, ...tries] });
    assert.match(open.stdout, new RegExp(`reached ${port}`), "the test can tell");
  });

  test("with no network its own loopback works, and so does a socket that it is shown", async (t) => {
    const { root, run, spec } = await confinedPlace(t);
    const socket = join(root, "shown.sock");
    await listens(t, { path: socket });
    await chmod(socket, 0o666);
    const talks = `const { createServer } = require("node:net");
      const server = createServer((it) => { it.end(); server.close(); }).listen(0, "127.0.0.1", () => {
        process.argv.push(String(server.address().port)); ${CONNECTS} });`;
    const argv = [process.execPath, "-e", talks, socket] as const;
    const { stdout } = await run({ ...spec, visible: [socket], argv: [...argv] });
    const lines = stdout
      .replace(/reached \d+/, "reached its own port")
      .trim()
      .split("\n");
    assert.deepEqual(lines.sort(), [`reached ${socket}`, "reached its own port"].sort());
  });

  test("it cannot forge its end: what it writes to every file that it or its parents hold changes no code", async (t) => {
    const { sh } = await confinedPlace(t);
    const forge =
      'for it in /proc/[0-9]/fd/* /proc/[0-9][0-9]/fd/*; do printf \'exit 0\\n\' >>"$it"; : >"$it"; done 2>/dev/null';
    assert.equal((await sh(`(${forge}); exit 7`)).exit.code, 7);
    assert.equal(
      (await sh(`(${forge}) </dev/null; kill -9 $PPID; sleep 0.1; exit 3`)).exit.code === 0,
      false,
    );
  });

  test("its raw output and the records beside it are out of its sight", async (t) => {
    const { spec, sh } = await confinedPlace(t);
    const { logs } = spec.folders;
    assert.equal((await sh(`ls ${logs} ${logs}/..; ls -a ..`)).stdout.includes("raw"), false);
    assert.deepEqual((await readdir(logs)).sort(), [
      "exit.1.raw",
      "inside.1.raw",
      "stderr.1.raw",
      "stdout.1.raw",
    ]);
    assert.equal((await stat(join(logs, "exit.1.raw"))).mode & 0o777, 0o600);
  });

  test("a child that leaves the session and clears its environment ends with it", async (t) => {
    const { sh, spec } = await confinedPlace(t);
    const mark = `3000.${process.pid}`;
    const { exit } = await sh(`(setsid env -i sleep ${mark} >/dev/null 2>&1 &); sleep 0.1; exit 3`);
    assert.equal(exit.code, 3);
    assert.deepEqual(processesWith(`sleep\0${mark}`), []);
    assert.deepEqual(
      (await linuxProcesses().scan()).filter(({ run }) => run === `${spec.runId}.1`),
      [],
    );
  });

  test("a link that it leaves leads nobody out: neither what it points to nor its owner changes", async (t) => {
    const { root, spec, sh, secrets } = await confinedPlace(t);
    const [victim = ""] = secrets;
    const before = lstatSync(victim);
    await symlink(victim, join(spec.folders.checkout, "link"));
    await symlink(join(root, "tools"), join(spec.folders.home, "folder"));
    await sh("echo taken >link; ln -s ../../../.. again; exit 0");
    await sh("exit 0");
    const after = lstatSync(victim);
    assert.deepEqual([after.uid, after.size, after.mtimeMs], [before.uid, before.size, before.mtimeMs]);
  });

  test("what it makes can be read, written and removed by the server", async (t) => {
    const { spec, sh } = await confinedPlace(t);
    await sh("mkdir -m 700 mine; echo text >mine/file; chmod 600 mine/file");
    const file = join(spec.folders.checkout, "mine/file");
    assert.equal(await readFile(file, "utf8"), "text\n");
    await writeFile(file, "the server's");
    assert.equal((await sh("cat mine/file")).stdout, "the server's");
  });

  test("programs open their input and output by their names in /dev", async (t) => {
    const { sh } = await confinedPlace(t);
    const { stdout, stderr } = await sh("cat /dev/stdin >/dev/stdout; echo no >/dev/stderr", {
      stdin: "given",
    });
    assert.deepEqual([stdout, stderr], ["given", "no\n"]);
  });

  test("it outlives the server, and the next one learns its output and code", async (t) => {
    const { spec, options, runtime } = await confinedPlace(t);
    const native = new URL("../../../src/runtimes/native/native.ts", import.meta.url).href;
    const server = `import { createNativeRuntime } from ${JSON.stringify(native)};
      const { options, spec } = JSON.parse(process.argv[1]);
      const handle = await createNativeRuntime({ ...options, now: Date.now }).start(spec);
      process.stdout.write(JSON.stringify(handle)); setInterval(() => {}, 1000);`;
    const argv = ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; echo done; exit 137"];
    const argument = JSON.stringify({ options, spec: { ...spec, argv } });
    const child = spawn(process.execPath, ["--input-type=module", "-e", server, argument], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [told] = await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    const handle = JSON.parse(String(told));
    t.after(() => runtime.remove(handle));
    assert.equal(await runtime.ended(handle), false);
    await writeFile(join(spec.folders.checkout, "go"), "");
    assert.equal((await printed(runtime, handle)).stdout, "done\n");
    assert.equal((await runtime.wait(handle)).code, 137);
  });

  test("the guard ends it, with what left its session, when no worker gives a sign of life", async (t) => {
    const { root, spec, options } = await confinedPlace(t);
    const guard = { file: join(root, "alive"), silentMs: 1_000 };
    giveSignOfLife(guard).stop();
    const runtime = createNativeRuntime({ ...options, guard });
    const mark = `3001.${process.pid}`;
    const script = `(setsid env -i sleep ${mark} >/dev/null 2>&1 &); exec sleep 300`;
    const handle = await runtime.start({ ...spec, argv: ["sh", "-c", script] });
    t.after(() => runtime.remove(handle));
    const { signal, abandoned } = await runtime.wait(handle);
    assert.deepEqual([signal, abandoned], ["SIGKILL", true]);
    assert.deepEqual(processesWith(`sleep\0${mark}`), []);
  });
}
