/** The books of agents: each attempt is one start, booked with what it took. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { begunAnew } from "./book-agents.ts";
import { agent, facts, finds, issue, run, withRuns } from "./book-facts.ts";
import type { RunFacts } from "./facts.ts";

test("one that was started again for the same attempt is doubled, also one after the other", () => {
  const again = agent({ pid: 2, bornAt: 5500, endedAt: 5600 });
  finds(facts({ agents: [agent(), again] }), { doubled: 1 });
  finds(facts({ agents: [agent(), { ...again, run: "r1.2", endedAt: null }] }), {});
  finds(facts({ agents: [agent({ bornAt: 2900 }), agent({ pid: 2, bornAt: 3500 })] }), { doubled: 1 });
});

test("one that was begun anew before the run counted as running is told apart", () => {
  const agents = [agent({ bornAt: 2700, endedAt: null }), agent({ pid: 2, bornAt: 3003 })];
  finds(facts({ agents }), {});
  assert.equal(begunAnew(facts({ agents })), 1);
  assert.equal(begunAnew(facts()), 0);
});

test("one that worked for longer or shorter than is booked is off, when it ended by itself", () => {
  finds(facts({ agents: [agent({ endedAt: 7300 })] }), {});
  finds(facts({ agents: [agent({ endedAt: 7500 })] }), { seconds_off: 3 });
  finds(facts({ agents: [agent({ endedAt: 3100 })] }), { seconds_off: 3 });
  finds(facts({ agents: [agent({ endedAt: 9500, byItself: false })] }), {});
  finds(facts({ agents: [agent({ endedAt: null })] }), {});
});

test("one whose end nobody saw is booked with nothing when its worker was lost, and only then", () => {
  const clocks = [{ attempt: 1, startedAt: 3000, endedAt: 3000 }];
  const begun = run().events.slice(0, 3);
  const lost = { from: "running", attempt: 1, at: 9000, detail: "lost with worker w" } as const;
  const rest = run().events.slice(1);
  const of = (events: RunFacts["events"]) =>
    facts({
      store: withRuns(run({ clocks, startedAt: null, endedAt: null, events })),
      issues: [issue({ times: [] })],
    });
  const again = rest.map((event) => ({ ...event, attempt: 2 }));
  finds(of([...begun, { ...lost, to: "queued" }, ...again]), {});
  finds(of([...begun, { ...lost, to: "publishing" }, ...run().events.slice(4)]), {});
  finds(of(run().events), { seconds_off: 3 });
});
