import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { watchConfig } from "../../src/config/watch.ts";
import { ConfigError, Refusal } from "../../src/model/errors.ts";
import { FORGEJO } from "./load-with.ts";

type Told = { readonly config: Config } | { readonly error: Error };

/** What the watch tells, one at a time, in order. */
function watching(cwd: string, signal: AbortSignal) {
  const told: Told[] = [];
  let wake: () => void = () => {};
  const tell = (one: Told): void => {
    told.push(one);
    wake();
  };
  const watch = watchConfig({
    env: FORGEJO,
    file: null,
    cwd,
    signal,
    onChange: (config) => tell({ config }),
    onError: (error) => tell({ error }),
  });
  const next = async (): Promise<Told> => {
    while (told.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return told.shift()!;
  };
  return { watch, next, told };
}

async function inWatchedFolder(body: (cwd: string, signal: AbortSignal) => Promise<void>): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), "agent-dispatch-watch-"));
  const stop = new AbortController();
  // Keeps the process up while only unreferenced watchers are waited for.
  const alive = setInterval(() => {}, 1_000);
  try {
    await body(cwd, stop.signal);
  } finally {
    clearInterval(alive);
    stop.abort();
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** A watch that tells nothing must fail the test, not hang it. */
const LIMIT = { timeout: 10_000 };

const agentOf = (told: Told): string => ("config" in told ? told.config.defaults.agent : String(told.error));

test("a new, an edited and a replaced file are each taken up", LIMIT, async () => {
  await inWatchedFolder(async (cwd, signal) => {
    const { next } = watching(cwd, signal);
    writeFileSync(join(cwd, "agents.yaml"), "dispatch: {agent: claude}");
    assert.equal(agentOf(await next()), "claude");
    writeFileSync(join(cwd, "agents.yaml"), "dispatch: {agent: gemini}");
    assert.equal(agentOf(await next()), "gemini");
    writeFileSync(join(cwd, "agents.new"), "dispatch: {agent: local}");
    renameSync(join(cwd, "agents.new"), join(cwd, "agents.yaml"));
    assert.equal(agentOf(await next()), "local");
  });
});

test("a wrong file is reported with its place, and the next right one is taken", LIMIT, async () => {
  await inWatchedFolder(async (cwd, signal) => {
    const { next } = watching(cwd, signal);
    writeFileSync(join(cwd, "agents.yaml"), "dispatch: {agnet: claude}");
    const wrong = await next();
    assert.ok("error" in wrong && wrong.error instanceof ConfigError);
    assert.match(wrong.error.message, /agents\.yaml:1:12: dispatch\.agnet/);
    writeFileSync(join(cwd, "agents.yaml"), "dispatch: {agent: claude}");
    assert.equal(agentOf(await next()), "claude");
  });
});

test("a change of .env counts, one of another file does not", LIMIT, async () => {
  await inWatchedFolder(async (cwd, signal) => {
    const { next, told } = watching(cwd, signal);
    writeFileSync(join(cwd, "notes.txt"), "x");
    writeFileSync(join(cwd, ".env"), "PORT=4444");
    const changed = await next();
    assert.ok("config" in changed && changed.config.port === 4444);
    assert.deepEqual(told, []);
  });
});

test("told to, it loads at once, changed or not", LIMIT, async () => {
  await inWatchedFolder(async (cwd, signal) => {
    const { watch, told } = watching(cwd, signal);
    watch.reload();
    assert.equal(told.length, 1);
  });
});

test("a folder that cannot be watched is said, not thrown", () => {
  const errors: Error[] = [];
  watchConfig({
    env: FORGEJO,
    file: "/nowhere-at-all/agents.yaml",
    cwd: tmpdir(),
    signal: AbortSignal.abort(),
    onChange: () => {},
    onError: (error) => errors.push(error),
  });
  assert.ok(errors[0] instanceof Refusal);
  assert.match(errors[0].fix ?? "", /SIGHUP/);
});
