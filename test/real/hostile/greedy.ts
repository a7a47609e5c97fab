/** Attacks that take more than their share, or will not end. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { say } from "../../journeys/person.ts";
import type { Stage } from "./stage.ts";

/** Processes of this machine, wherever they hide, whose command line holds the text. */
export function living(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
      } catch {
        return false;
      }
    });
}

let seconds = 8_000_000 + (process.pid % 100_000) * 10;
/** A duration that no other process sleeps. */
const unlike = () => String(++seconds);

export function greedy(stage: () => Stage): void {
  test("one that fills the disk is stopped at its limit, and told so", async () => {
    const { final } = await stage().attack({
      script: "i=0; while :; do i=$((i+1)); head -c 16777216 /dev/zero > fill.$i || sleep 1; done",
      files: { ".gitignore": "fill.*\n" },
    });
    assert.match(final, /take up more than 192 MB/);
  });

  test("one that prints a million lines is heard to its end, and its log has a size", async () => {
    const { bot } = stage();
    const { final } = await stage().attack({ script: "seq 1 1000000; echo DONE printed" });
    assert.match(final, /no changes/);
    for (const run of await bot.app.store.runs({ limit: 100 })) {
      const log = await stat(join(bot.config.dataDir, "logs", `${run.id}.${run.attempt}.log`)).catch(
        () => null,
      );
      assert.ok((log?.size ?? 0) <= bot.config.limits.logBytes * 1.1);
    }
  });

  test("one that sleeps for ever and ignores TERM is ended by a cancel", async () => {
    const time = unlike();
    const { final } = await stage().attack({
      script: `trap '' TERM INT HUP; (trap '' TERM; sleep ${time}) & while :; do sleep ${time}; done`,
      async meanwhile(desk, { world }) {
        await world.waitFor(() => living(time).length > 1, "it to sleep", 180_000);
        await say(desk, "/dispatch cancel");
      },
    });
    assert.match(final, /Cancelled/);
    assert.deepEqual(living(time), []);
  });

  test("one that leaves children in sessions of their own, without its mark, leaves none alive", async () => {
    const time = unlike();
    const { final } = await stage().attack({
      script: `
        setsid env -i /bin/sh -c "sleep ${time} & sleep ${time}" </dev/null >/dev/null 2>&1 &
        (setsid nohup sleep ${time} </dev/null >/dev/null 2>&1 &); (trap '' HUP TERM; sleep ${time}) >/dev/null 2>&1 &
        sleep 0.2; echo DONE left them`,
    });
    assert.match(final, /Completed/);
    assert.deepEqual(living(time), []);
  });

  test("one that kills whatever it may ends its own run, and no success is claimed", async () => {
    const time = unlike();
    const { final } = await stage().attack({
      script: `setsid sleep ${time} & kill -9 $PPID; kill -9 1; kill -9 -1`,
    });
    assert.match(final, /Failed/);
    assert.deepEqual(living(time), []);
  });
}

/** What only a runtime that limits memory and processes holds an agent to. */
export function beyondLimits(stage: () => Stage): void {
  test("one that eats memory is ended by its limit, and told so", async () => {
    const { final } = await stage().attack({
      script: "node eat.mjs",
      files: { "eat.mjs": "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1));\n" },
    });
    assert.match(final, /memory/i);
  });

  test("one that forks without end takes its own processes only, and the run ends", async () => {
    const time = unlike();
    const { final } = await stage().attack({
      script: `i=0; while [ $i -lt 5000 ]; do i=$((i+1)); sleep ${time} & done; echo "DONE forked $i"`,
    });
    assert.match(final, /Completed|Failed/);
    assert.deepEqual(living(time), []);
  });
}
