/** The program itself, started before its database is there, and stopped while it hangs. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startProxy } from "./proxy.ts";
import { databaseUrl } from "./server.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const CONFIG = `forges:
  codeberg: {kind: forgejo, url: "https://forge.invalid", token_env: T, webhook_secret_env: S}
`;

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Resolves when it has said this. */
  said(what: RegExp): Promise<void>;
  output(): string;
}

/** A test with a way to start the program, ended after it. */
function program(use: (start: (url: string, role: string, port?: string) => Started) => Promise<void>) {
  return async () => {
    const dir = mkdtempSync(join(tmpdir(), "start-stop-"));
    writeFileSync(join(dir, "agents.yaml"), CONFIG);
    const all: Started[] = [];
    try {
      await use((url, role, port = "0") => {
        const started = start(dir, url, role, port);
        all.push(started);
        return started;
      });
    } finally {
      for (const { child, ended } of all) {
        child.kill("SIGKILL");
        await ended;
      }
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

function start(dir: string, url: string, role: string, port: string): Started {
  const own = {
    DATABASE_URL: url,
    DATA_DIR: join(dir, "data"),
    PORT: port,
    T: "t".repeat(20),
    S: "s".repeat(40),
  };
  const child = spawn(process.execPath, [MAIN, "start", "--role", role], {
    cwd: dir,
    env: { ...process.env, ...own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  return {
    child,
    ended: once(child, "exit"),
    output: () => output,
    async said(what) {
      while (!what.test(output)) {
        assert.equal(child.exitCode, null, output);
        await sleep(25);
      }
    },
  };
}

for (const role of ["web", "worker"]) {
  test(
    `a ${role} that is told to stop while its database hangs ends soon, and says nothing after its last word`,
    program(async (begin) => {
      const way = await startProxy(await databaseUrl());
      const { child, ended, said, output } = begin(way.url, role);
      await said(/listening/);
      way.hang();
      await sleep(50);
      const begun = performance.now();
      child.kill("SIGTERM");
      assert.deepEqual(await ended, [0, null]);
      assert.ok(performance.now() - begun < 25_000);
      assert.match(output().trim().split("\n").at(-1) ?? "", /"msg":"stopped/);
      assert.doesNotMatch(output(), /DeprecationWarning/);
      way.close();
    }),
  );
}

test(
  "a server that is started before its database waits for it, and says so",
  program(async (begin) => {
    const target = await databaseUrl();
    const reserved = await startProxy(target);
    reserved.close();
    const { child, ended, said } = begin(reserved.url, "all");
    await said(/waiting for it.*ECONNREFUSED/);
    const way = await startProxy(target, Number(new URL(reserved.url).port));
    await said(/listening/);
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
    way.close();
  }),
);

test(
  "the waiting for a database ends when the server is told to stop; what will not come is not waited for",
  program(async (begin) => {
    const { child, ended, said } = begin("postgresql://u:p@127.0.0.1:1/x", "all");
    await said(/waiting for it/);
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
    const nowhere = new URL(await databaseUrl());
    nowhere.pathname = "/no_such_database";
    assert.deepEqual(await begin(nowhere.href, "all").ended, [1, null]);
  }),
);

test(
  "a server whose address is taken ends, and leaves its place to the next at once",
  program(async (begin) => {
    const url = await databaseUrl();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const begun = begin(url, "worker", String(port));
    assert.deepEqual(await begun.ended, [1, null]);
    assert.match(begun.output(), /already in use/);
    taken.close();
    const { child, ended, said, output } = begin(url, "worker", String(port));
    await said(/listening/);
    assert.doesNotMatch(output(), /seems to run already/);
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  }),
);
