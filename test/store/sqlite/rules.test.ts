import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVE_STATES, RUN_STATES, type RunState, TRANSITIONS } from "../../../src/model/run.ts";
import type { Connection } from "../../../src/store/sqlite/connection.ts";
import { withDatabase } from "./database.ts";

test(
  "the database refuses by itself every arrow the model lacks, and takes the others",
  withDatabase((db) => {
    for (const from of RUN_STATES) {
      for (const to of RUN_STATES) {
        const id = insert(db);
        force(db, id, from);
        const move = () => db.run("update runs set state = ? where id = ?", to, id);
        if (TRANSITIONS[from].includes(to)) move();
        else assert.throws(move, /does not move along this arrow/, `${from} to ${to}`);
      }
    }
  }),
);

test(
  "the database refuses a run that does not begin in the queue",
  withDatabase((db) => {
    assert.throws(() => insert(db, { state: "running" }), /begins in the queue/);
  }),
);

test(
  "the database refuses a second active run on an issue, however the repository is spelt",
  withDatabase((db) => {
    for (const [issue, state] of RUN_STATES.entries()) {
      force(db, insert(db, { issue }), state);
      const second = () => insert(db, { issue, owner: "ACME", name: "WEB" });
      if (ACTIVE_STATES.some((active) => active === state)) assert.throws(second, /UNIQUE/, state);
      else second();
    }
  }),
);

let made = 10_000;

interface Sketch {
  readonly issue?: number;
  readonly owner?: string;
  readonly name?: string;
  readonly state?: RunState;
}

function insert(db: Connection, { issue, owner, name, state }: Sketch = {}): string {
  const number = made++;
  db.run(
    `insert into runs (id, forge, owner, name, issue, pool, model, priority, place, state, attempt,
       created_at, queued_at, agent_ms, answers, snapshot, set_off, request)
     values (?, 'github', ?, ?, ?, 'codex', '', 0, ?, ?, 0, 0, 0, 0, '[]', '{}', '{}', '{}')`,
    `run-${number}`,
    owner ?? "acme",
    name ?? "web",
    issue ?? number,
    number,
    state ?? "queued",
  );
  return `run-${number}`;
}

/** Brings a run into a state along allowed arrows only, as raw SQL. */
function force(db: Connection, id: string, state: RunState): void {
  const way: Record<RunState, readonly RunState[]> = {
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
  for (const step of way[state]) db.run("update runs set state = ? where id = ?", step, id);
}
