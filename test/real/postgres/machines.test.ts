/** Many processes on one PostgreSQL, used as a person uses them: a command on the issue, an answer on the issue. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { followLog } from "../../../src/supervisor/read-log.ts";
import { answer, answers, finalAnswer, openDesk, say } from "../../journeys/person.ts";
import { openFleet } from "./fleet-of-bots.ts";

test("a command taken by a web process is worked by a worker, and its log read by the web process", async (t) => {
  const fleet = await openFleet(t);
  const web = await fleet.start("web", "web-1");
  await fleet.start("worker", "worker-1");
  const desk = await openDesk(fleet.world, ["say hello from afar", "write a.txt a", "commit A"]);
  await say(desk, "/dispatch");
  await finalAnswer(desk, /pull request/i);
  assert.equal((await answers(desk)).length, 2);
  const [run] = await web.store.runs({});
  const log = followLog({ store: web.store, dir: "/nowhere", run: run?.id ?? "", follow: true });
  let text = "";
  for await (const chunk of log) text += chunk;
  assert.match(text, /hello from afar/);
});

test("a cap of one holds over two workers", async (t) => {
  const fleet = await openFleet(t);
  const one = { total: 1, perRepository: null, perPool: null, pools: {}, models: {} };
  const web = await fleet.start("web", "web-1", (config) => ({ ...config, caps: one }));
  for (const name of ["worker-1", "worker-2"])
    await fleet.start("worker", name, (config) => ({ ...config, caps: one }));
  const desks = await Promise.all([1, 2, 3].map(() => openDesk(fleet.world, ["write a.txt a", "commit A"])));
  for (const desk of desks) await say(desk, "/dispatch");
  let most = 0;
  const states = ["preparing", "running", "publishing"] as const;
  const watching = setInterval(async () => {
    const leased = await web.store.runs({ states }).catch(() => []);
    most = Math.max(most, leased.length);
  }, 20);
  t.after(() => clearInterval(watching));
  for (const desk of desks) await finalAnswer(desk, /pull request/i);
  assert.equal(most, 1);
});

test("a run whose worker left its agent alive is adopted by that worker's next life", async (t) => {
  const fleet = await openFleet(t);
  await fleet.start("web", "web-1");
  const first = await fleet.start("worker", "worker-1");
  const desk = await openDesk(fleet.world, ["until go", "write a.txt a", "commit A"]);
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  const [run] = await first.store.runs({ states: ["running"] });
  await first.stop({ agents: "leave" });
  const second = await fleet.start("worker", "worker-1");
  await writeFile(`${run?.workspace?.dir}/repo/go`, "");
  await finalAnswer(desk, /pull request/i);
  assert.equal((await second.store.run(run?.id ?? ""))?.attempt, 1);
});

test("a run whose worker is gone for good begins anew on another, and is answered once", async (t) => {
  const fleet = await openFleet(t);
  await fleet.start("web", "web-1");
  const first = await fleet.start("worker", "worker-1");
  const desk = await openDesk(fleet.world, ["until go", "write a.txt a", "commit A"]);
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  const [run] = await first.store.runs({ states: ["running"] });
  await first.stop({ agents: "leave" });
  const second = await fleet.start("worker", "worker-2");
  await fleet.world.waitFor(
    async () => ((await second.store.run(run?.id ?? ""))?.attempt ?? 0) === 2,
    "the run to be taken over",
    60_000,
  );
  await fleet.world.waitFor(
    async () => (await second.store.run(run?.id ?? ""))?.state === "running",
    "the agent to be started anew",
    30_000,
  );
  const again = await second.store.run(run?.id ?? "");
  await writeFile(`${again?.workspace?.dir}/repo/go`, "");
  await finalAnswer(desk, /pull request/i);
  assert.equal((await answers(desk)).length, 2);
});
