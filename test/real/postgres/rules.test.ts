/** What the database refuses by itself, whoever writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVE_STATES, RUN_STATES, type RunState, TRANSITIONS } from "../../../src/model/run.ts";
import { on } from "../../store/contract/harness.ts";
import { openStores, type Stores, sql } from "./server.ts";

const WAY: Record<RunState, readonly RunState[]> = {
  queued: [],
  preparing: ["preparing"],
  running: ["preparing", "running"],
  publishing: ["preparing", "running", "publishing"],
  completed: ["preparing", "running", "publishing", "completed"],
  failed: ["failed"],
  blocked: ["preparing", "running", "publishing", "blocked"],
  cancelled: ["cancelled"],
  timed_out: ["preparing", "timed_out"],
};

let made = 1;

/** Statements that insert a run and bring it into a state along allowed arrows, and the run's id. */
function inState({ schema }: Stores, state: RunState, issue = made, owner = "acme", begin = "queued") {
  const id = `run-${made++}`;
  const insert = `insert into ${schema}.runs (id, forge, owner, name, issue, pool, model, priority, place, state,
      attempt, created_at, queued_at, agent_ms, answers, snapshot, set_off, request)
    values ('${id}', 'github', '${owner}', 'web', ${issue}, 'codex', '', 0, ${made}, '${begin}',
      0, 0, 0, 0, '[]', '{}', '{}', '{}');`;
  const steps = WAY[state].map((step) => `update ${schema}.runs set state = '${step}' where id = '${id}';`);
  return { id, text: insert + steps.join("") };
}

test(
  "the database refuses by itself every arrow the model lacks, and takes the others",
  on(
    () => openStores(),
    async (harness) => {
      const stores = harness as Stores;
      for (const from of RUN_STATES) {
        for (const to of RUN_STATES) {
          const { id, text } = inState(stores, from);
          await sql(stores.url, text);
          const move = sql(stores.url, `update ${stores.schema}.runs set state = '${to}' where id = '${id}'`);
          if (TRANSITIONS[from].includes(to)) await move;
          else await assert.rejects(move, /does not move along this arrow/, `${from} to ${to}`);
        }
      }
    },
  ),
);

test(
  "the database refuses a run that does not begin in the queue",
  on(
    () => openStores(),
    async (harness) => {
      const stores = harness as Stores;
      const { text } = inState(stores, "queued", made, "acme", "running");
      await assert.rejects(sql(stores.url, text), /begins in the queue/);
    },
  ),
);

test(
  "the database refuses a second active run on an issue, however the repository is spelt",
  on(
    () => openStores(),
    async (harness) => {
      const stores = harness as Stores;
      for (const [at, state] of RUN_STATES.entries()) {
        const issue = 900_000 + at;
        await sql(stores.url, inState(stores, state, issue).text);
        const second = sql(stores.url, inState(stores, "queued", issue, "ACME").text);
        if (ACTIVE_STATES.some((active) => active === state)) await assert.rejects(second, /unique/, state);
        else await second;
      }
    },
  ),
);
