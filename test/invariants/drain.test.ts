/** A server that is told to stop and waits for its agents: it starts nothing, says so, and loses nothing meanwhile. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { answer, answers, openDesk, say } from "../journeys/person.ts";
import { makePlace, type Place, startServer } from "./server.ts";

const SECRET = "the secret of this test's webhooks";
const scripted = join(import.meta.dirname, "..", "..", "src", "demo", "scripted-agent.ts");
const custom = `{ argv: [${process.execPath}, ${scripted}], success: { line: "^DONE (.*)$" } }`;
const WAIT_MS = 30_000;
const WAITS = `dispatch: { agent: scripted, drain: wait }
agents: { scripted: { runtime: native, confined: false, custom: ${custom} } }
`;

/** The checkout of the one run there is. */
async function checkout({ data }: Place): Promise<string> {
  const all = await readdir(join(data, "workspace"), { recursive: true });
  const found = all.find((path) => /task-\d+\/repo$/.test(path));
  return join(data, "workspace", found ?? "nowhere");
}

test("A server that waits for its agents says that it drains, keeps what it is sent, and ends with the answer given", async (t) => {
  const world = await startLocalForgeWorld();
  const place = await makePlace(WAITS);
  t.after(async () => {
    await world.close();
    await place.remove();
  });
  const { url, bot } = world;
  const env = { FORGEJO_URL: url, FORGEJO_TOKEN: bot.token, FORGEJO_WEBHOOK_SECRET: SECRET };
  const first = await startServer(place, env);
  t.after(() => first.end("SIGKILL"));
  world.setHook(`${first.url}/api/webhooks/forgejo`, SECRET);
  const [desk, late] = [await openDesk(world, ["until go", "write a.txt a"]), await openDesk(world, [])];
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  const ended = once(first.process, "exit");
  first.process.kill("SIGTERM");

  const ready = async () => (await fetch(`${first.url}/readyz`)).status === 200;
  await world.waitFor(async () => !(await ready()), "the drain to be told", WAIT_MS);
  const told = await (await fetch(`${first.url}/readyz`)).json();
  assert.deepEqual(told, { ready: false, checks: { accepting: false, store: true, disk: true } });
  await say(late, "/dispatch help");
  const taken = () =>
    world.deliveries().some((one) => one.body.includes("/dispatch help") && one.status === 202);
  await world.waitFor(taken, "the webhook to be taken", WAIT_MS);
  await writeFile(join(await checkout(place), "go"), "");
  assert.deepEqual(await ended, [0, null]);
  assert.match((await answers(desk)).at(-1)?.body ?? "", /^✅ .*pull request/u);
  assert.deepEqual(await answers(late), []);

  world.setHook("http://127.0.0.1:9/nobody", SECRET);
  const second = await startServer(place, env);
  t.after(() => second.end("SIGTERM"));
  await answer(late, /\/dispatch/);
  assert.equal((await answers(desk)).length, 2);
});
