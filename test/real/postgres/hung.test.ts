/** Processes that are stopped, killed or doubled: what one must do alone is done by one that works. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { addressOf } from "../../../src/store/postgres/address.ts";
import { claimName } from "../../../src/store/postgres/names.ts";
import { on } from "../../store/contract/harness.ts";
import { openStores, type Stores, sql } from "./server.ts";

const HOLDER = new URL("holder.ts", import.meta.url);

/** A test on a store, beside a process that has what is asked for. */
function beside(what: "lead" | "name", use: (stores: Stores, child: ChildProcess) => Promise<void>) {
  return on(
    () => openStores("no clock"),
    async (harness) => {
      const stores = harness as Stores;
      const child = fork(HOLDER, [stores.url, stores.schema, what]);
      const ended = once(child, "exit");
      try {
        await once(child, "message");
        await use(stores, child);
      } finally {
        child.kill("SIGKILL");
        await ended;
      }
    },
  );
}

test(
  "a leader that is stopped is replaced within 20 seconds, and hears of it when it goes on",
  beside("lead", async ({ store }, child) => {
    child.kill("SIGSTOP");
    const begun = performance.now();
    const led = await store.fleet!.lead(AbortSignal.timeout(40_000));
    assert.ok(performance.now() - begun < 20_000);
    const told = once(child, "message");
    child.kill("SIGCONT");
    assert.deepEqual((await told)[0], "lost it");
    assert.equal(led.aborted, false);
  }),
);

const given = ({ url, schema }: Stores, patienceMs: number) => {
  const warnings: string[] = [];
  const claim = (signal: AbortSignal) =>
    claimName({
      address: addressOf(url, schema),
      worker: "worker",
      signal,
      patienceMs,
      warn: (why) => warnings.push(why),
    });
  return { warnings, claim };
};

test(
  "a name that another process has is refused after a while, with what to do",
  beside("name", async (stores) => {
    const { warnings, claim } = given(stores, 200);
    await assert.rejects(claim(new AbortController().signal), (error) => {
      assert.ok(error instanceof Refusal);
      assert.match(error.message, /worker already runs elsewhere/);
      assert.match(error.fix ?? "", /delete the file `worker`/);
      return true;
    });
    assert.equal(warnings.length, 1);
  }),
);

test(
  "a process that was killed has its name again in its next life, and another name is free all the time",
  beside("name", async ({ store }, child) => {
    await store.fleet!.claimName("another", AbortSignal.timeout(5_000));
    const claimed = store.fleet!.claimName("worker", AbortSignal.timeout(30_000));
    child.kill("SIGKILL");
    await claimed;
  }),
);

test(
  "a name is held anew after its session was ended, until it is given up",
  on(
    () => openStores("no clock"),
    async (harness) => {
      const stores = harness as Stores;
      const { claim } = given(stores, 0);
      const mine = new AbortController();
      await claim(mine.signal);
      const holders = () =>
        sql(stores.url, "select pid from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()");
      const [before] = await holders();
      await sql(stores.url, "select pg_terminate_backend($1)", [before?.pid]);
      const held = async () => (await holders()).filter(({ pid }) => pid !== before?.pid).length;
      const until = async (n: number) => {
        while ((await held()) !== n) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await until(1);
      mine.abort();
      await until(0);
    },
  ),
);
