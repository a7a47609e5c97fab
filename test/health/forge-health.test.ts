import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createForgeHealth, type ForgeHealth } from "../../src/health/forge-health.ts";
import { ForgeError } from "../../src/model/errors.ts";
import { FakeForge, ours } from "../fakes/forge.ts";

const SHOP = { forge: "codeberg", owner: "acme", name: "shop" };
const OTHER = { forge: "codeberg", owner: "acme", name: "other" };
const refused = (status = 401) =>
  new ForgeError(`reading acme/shop: ${status}; make a new token`, status, false);

interface Scene {
  readonly health: ForgeHealth;
  readonly codeberg: FakeForge;
  readonly github: FakeForge;
  readonly clock: { ms: number };
  readonly logged: { level: "info" | "error"; forge: string; msg: string }[];
  /** Whether the token of codeberg is good. */
  token: { good: boolean };
}

interface Setting {
  readonly everyMs?: number;
  /** False: the token of codeberg is no good from the beginning. */
  readonly good?: boolean;
  readonly broken?: Error;
}

async function openScene(t: TestContext, { everyMs = 5, good = true, broken }: Setting = {}): Promise<Scene> {
  const codeberg = new FakeForge("codeberg");
  if (broken) codeberg.fail("probe", broken);
  const github = new FakeForge("github", "github");
  const token = { good };
  const probe = codeberg.probe.bind(codeberg);
  codeberg.probe = async () =>
    token.good ? await probe() : { ready: false, summary: "codeberg.org: 401", fix: "make a new token" };
  const repository = codeberg.repository.bind(codeberg);
  codeberg.repository = async (repo) => {
    if (token.good) return await repository(repo);
    throw refused();
  };
  const clock = { ms: 1_000_000 };
  const logged: Scene["logged"] = [];
  const health = createForgeHealth({
    forges: new Map([codeberg, github].map((forge) => [forge.name, forge])),
    now: () => clock.ms,
    log: {
      info: (line: object, msg?: string) =>
        void logged.push({ level: "info", msg, ...line } as Scene["logged"][0]),
      error: (line: object, msg?: string) =>
        void logged.push({ level: "error", msg, ...line } as Scene["logged"][0]),
    },
    everyMs,
  });
  const stop = new AbortController();
  const running = health.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  return { health, codeberg, github, clock, logged, token };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}

const allOpen = ({ health }: Scene) => until(() => health.closed().length === 0);

test("every forge is closed until it was asked, and only what is not ready stays so", async (t) => {
  const scene = await openScene(t, { good: false });
  assert.deepEqual(scene.health.closed(), ["codeberg", "github"]);
  assert.match(scene.health.troubles().github ?? "", /not asked yet/);
  await until(() => scene.health.open("github") && scene.logged.length > 0);
  assert.deepEqual(scene.health.closed(), ["codeberg"]);
  assert.equal(scene.health.open("codeberg"), false);
  assert.equal(scene.health.open("configured no more"), true);
});

test("a revoked token closes its forge alone, at once, and is said once with the fix", async (t) => {
  const scene = await openScene(t);
  await allOpen(scene);
  const { health, codeberg, github, token, logged } = scene;
  token.good = false;
  await assert.rejects(health.watched(codeberg).repository(SHOP), refused());
  assert.deepEqual(health.closed(), ["codeberg"]);
  await health.watched(github).repository({ ...SHOP, forge: "github" });
  await until(() => logged.length > 0);
  const asked = codeberg.calls.length;
  await sleep(20);
  assert.deepEqual(
    logged.map(({ level, forge }) => [level, forge]),
    [["error", "codeberg"]],
  );
  assert.match(logged[0]?.msg ?? "", /make a new token/);
  assert.match(health.troubles().codeberg ?? "", /refuses .* \(401\)/);
  assert.ok(!JSON.stringify(health.troubles()).includes("acme"));
  assert.equal(codeberg.calls.length, asked);
});

test("once the token works again the forge opens by itself and wakes who waits", async (t) => {
  const scene = await openScene(t);
  await allOpen(scene);
  const { health, codeberg, token, logged } = scene;
  token.good = false;
  await assert.rejects(health.watched(codeberg).repository(SHOP));
  await until(() => logged.length === 1);
  const opened = health.opened(AbortSignal.timeout(10_000));
  token.good = true;
  await opened;
  assert.deepEqual([health.closed(), health.troubles()], [[], {}]);
  assert.deepEqual(
    logged.map(({ level }) => level),
    ["error", "info"],
  );
});

test("waiting for a forge to open ends with its signal", async (t) => {
  const { health } = await openScene(t);
  await health.opened(AbortSignal.abort());
  const stop = new AbortController();
  const waiting = health.opened(stop.signal);
  stop.abort();
  await waiting;
});

test("a probe that answers from memory does not open a forge that still refuses", async (t) => {
  const scene = await openScene(t);
  await allOpen(scene);
  const { health, codeberg, token, logged } = scene;
  codeberg.probe = async () => ({ ready: true, summary: "codeberg.org as dispatch-bot", fix: null });
  token.good = false;
  await assert.rejects(health.watched(codeberg).repository(SHOP));
  await until(() => logged.length > 0);
  await sleep(20);
  assert.deepEqual(health.closed(), ["codeberg"]);
  token.good = true;
  await allOpen(scene);
});

test("a forge that refuses one repository alone opens at once and is not logged", async (t) => {
  const scene = await openScene(t);
  await allOpen(scene);
  const { health, codeberg, logged } = scene;
  const repository = codeberg.repository.bind(codeberg);
  codeberg.repository = async (repo) => {
    if (repo.name === "shop") throw refused();
    return await repository(repo);
  };
  const watched = health.watched(codeberg);
  await watched.repository(OTHER);
  await assert.rejects(watched.repository(SHOP));
  assert.deepEqual(health.closed(), ["codeberg"]);
  await allOpen(scene);
  assert.deepEqual(logged, []);
});

for (const status of [0, 404, 429, 502]) {
  test(`a ${status} on one request closes nothing`, async (t) => {
    const scene = await openScene(t);
    await allOpen(scene);
    const { health, codeberg } = scene;
    codeberg.fail("comment", new ForgeError(`commenting: ${status}`, status, status !== 404));
    await assert.rejects(health.watched(codeberg).comment(SHOP, 1, "x", ours));
    assert.deepEqual(health.closed(), []);
  });
}

test("a repository that is gone makes the forge be asked whether all of it is, but not each time", async (t) => {
  const scene = await openScene(t, { everyMs: 1_000 });
  await allOpen(scene);
  const { health, codeberg, clock, token } = scene;
  const probes = () => codeberg.calls.filter((call) => call === "probe").length;
  const goneTwice = async () => {
    codeberg.fail("gitCredential", refused(404), refused(404));
    for (let time = 0; time < 2; time += 1)
      await assert.rejects(health.watched(codeberg).gitCredential(SHOP));
  };
  await goneTwice();
  assert.equal(probes(), 1);
  clock.ms += 1_000;
  await goneTwice();
  await until(() => probes() === 2);
  assert.deepEqual(health.closed(), []);
  clock.ms += 1_000;
  token.good = false;
  await goneTwice();
  await until(() => !health.open("codeberg"));
});

test("a probe that breaks is said, and the forge asked again", async (t) => {
  const scene = await openScene(t, { broken: new TypeError("x is not a function") });
  await allOpen(scene);
  const [broken, works] = scene.logged;
  assert.equal(broken?.level, "error");
  assert.match(broken?.msg ?? "", /codeberg: x is not a function; nothing new is begun/);
  assert.equal(works?.level, "info");
});

test("a watched forge answers and fails as the forge itself does", async (t) => {
  const { health, codeberg } = await openScene(t);
  const watched = health.watched(codeberg);
  assert.deepEqual([watched.name, watched.kind], ["codeberg", "forgejo"]);
  const body = Buffer.from("{}");
  const headers = { "x-hub-signature-256": codeberg.sign(body) };
  assert.equal(await watched.verify(headers, body), true);
  assert.deepEqual(watched.identify({ "x-github-delivery": "1", "x-github-event": "e" }), {
    id: "1",
    event: "e",
  });
  const id = await watched.comment(SHOP, 1, "hello", ours);
  assert.equal(codeberg.said[0]?.id, id);
  codeberg.fail("comment", new TypeError("ours"));
  await assert.rejects(watched.comment(SHOP, 1, "x", ours), new TypeError("ours"));
  const stranger = new FakeForge("stranger");
  assert.equal(health.watched(stranger), stranger);
});
