/** Runs of the real CLIs that do not end well: refused, limited, cancelled, silent. The bot says why and cleans up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { inOrder, type Step } from "../../fakes/model-server/script.ts";
import { answer, finalAnswer, say } from "../../journeys/person.ts";
import { processesOf } from "./left-alive.ts";
import { KEYS, type RealStage, type ScriptedDesk, withRealAgents } from "./stage.ts";

const AGENTS = ["codex", "claude", "gemini"] as const;
/** With a process left in a session of its own. */
const WORK: Step = { shell: "echo half > half.txt && (setsid sleep 300 </dev/null >/dev/null 2>&1 &)" };
const HANG: Step = { fail: "hang" };
const GRACE_MS = 2000;
/** Longer than any CLI takes to say its first word on a busy machine. */
const IDLE_MS = 15_000;
/** With a subscription's login, as plans have limits that end at a time. */
const SUBSCRIPTION = {
  CODEX_API_KEY: KEYS.CODEX_API_KEY,
  GEMINI_API_KEY: KEYS.GEMINI_API_KEY,
  CLAUDE_CODE_OAUTH_TOKEN: "made-up-login-for-claude-0123456789",
};

withRealAgents(
  "a real agent that cannot go on",
  {
    world: startLocalForgeWorld,
    secrets: SUBSCRIPTION,
    change: (config) => ({
      ...config,
      limits: { ...config.limits, graceMs: GRACE_MS },
      rates: { ...config.rates, failures: 100 },
    }),
  },
  (stage) => {
    for (const name of AGENTS) {
      test(`${name} whose key is refused failed for that, and a retry with a good key completes`, async () => {
        const desk = await openInTrouble(stage(), { fail: "unauthorized" });
        await say(desk, `/dispatch ${name}`);
        const final = await finalAnswer(desk, /Failed/, 60_000);
        assert.match(final.body, /the model's provider did not accept the bot's login/);
        assert.match(final.body, /Check the agent's API key or login on the bot's host/);
        const run = await assertEnded(desk, "failed");
        assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "auth");
        await assertRetried(desk);
      });

      test(`${name} at its plan's limit failed for that, and tells the end of it where the CLI does`, async () => {
        const desk = await stage().open(() => ({ fail: "usage_limit" }));
        await say(desk, `/dispatch ${name}`);
        const final = await finalAnswer(desk, /Failed/, 60_000);
        assert.match(final.body, /a limit of the model's provider was reached/);
        const run = await assertEnded(desk, "failed");
        assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "limit");
        if (name === "gemini") return assert.match(final.body, /Wait until the limit ends/);
        const told = Date.parse(/Wait until (\S+Z)/.exec(final.body)?.[1] ?? "");
        const minutes = (told - (run.endedAt ?? 0)) / 60_000;
        assert.ok(minutes > 50 && minutes < 65, `${minutes} minutes, out of: ${final.body}`);
      });

      test(`${name} is stopped by a cancel while its provider is silent, leaves nothing, and can be retried`, async () => {
        const desk = await openInTrouble(stage(), WORK, HANG);
        await untilAsked(desk, name, 1);
        const live = processesOf((await desk.run()).workspace?.dir ?? "");
        assert.ok(live.some(({ args }) => args.includes("sleep 300")));
        for (const { args, environment } of live) assertNoForgeSecret(stage(), args, environment);
        const cancelledAt = Date.now();
        await say(desk, "/dispatch cancel");
        const final = await finalAnswer(desk, /Cancelled\*\* by/, 60_000);
        assert.match(final.body, new RegExp(desk.maintainer));
        const ms = ((await assertEnded(desk, "cancelled")).endedAt ?? 0) - cancelledAt;
        assert.ok(ms < GRACE_MS + 8000, `it took ${ms} ms`);
        assert.deepEqual(await desk.world.pulls(desk.repo), []);
        await assertRetried(desk);
      });
    }
  },
);

withRealAgents(
  "a real agent that falls silent",
  {
    world: startLocalForgeWorld,
    concurrency: 3,
    change: (config) => ({ ...config, limits: { ...config.limits, idleMs: IDLE_MS } }),
  },
  (stage) => {
    for (const name of AGENTS) {
      test(`${name} is stopped when nothing was heard of it for the idle limit, and can be retried`, async () => {
        const desk = await openInTrouble(stage(), HANG);
        await untilAsked(desk, name, 0);
        const final = await finalAnswer(desk, /Timed out/, 60_000);
        assert.match(final.body, /15 s without a sign of life/);
        await assertEnded(desk, "timed_out");
        await assertRetried(desk);
      });
    }
  },
);

interface TroubledDesk extends ScriptedDesk {
  /** From now on the provider answers as it should. */
  mend(): void;
}

async function openInTrouble(stage: RealStage, ...steps: readonly [Step, ...Step[]]): Promise<TroubledDesk> {
  let script = inOrder(...steps);
  const desk = await stage.open((turn) => script(turn));
  const mend = () => {
    script = inOrder({ shell: "echo done > done.txt" }, { say: "Done at last." });
  };
  return { ...desk, mend };
}

async function assertRetried(desk: TroubledDesk): Promise<void> {
  desk.mend();
  await say(desk, "/dispatch retry");
  const final = await finalAnswer(desk, /attempt 2/, 60_000);
  assert.match(final.body, /pull request[\s\S]*Done at last\./);
  await assertEnded(desk, "completed");
}

/** Waits until the model is asked for its answer number `step`, which does not come. */
async function untilAsked(desk: ScriptedDesk, name: string, step: number): Promise<void> {
  await say(desk, `/dispatch ${name}`);
  await answer(desk, /\*\*Running/, 60_000);
  const isAsked = () => desk.asked().some(({ turn }) => turn?.step === step);
  await desk.world.waitFor(isAsked, `the model to be asked for answer ${step}`, 60_000);
}

function assertNoForgeSecret({ world, bot }: RealStage, ...texts: readonly string[]): void {
  for (const text of texts) {
    for (const secret of [world.bot.token, bot.config.secrets.WEBHOOK_SECRET ?? ""]) {
      assert.ok(!text.includes(secret), text);
    }
  }
}

/** In this state, with no process left. */
async function assertEnded(desk: ScriptedDesk, state: string) {
  const run = await desk.run();
  assert.equal(run.state, state);
  assert.deepEqual(processesOf(run.workspace?.dir ?? ""), []);
  return run;
}
