/** A real store with one run in it, two fake forges and an outbox between them; the clock stands until it is moved. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import type { EffectAction, NewEffect } from "../../src/model/effect.ts";
import type { RepoRef } from "../../src/model/run.ts";
import { createOutbox, type Outbox } from "../../src/report/outbox.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { FakeForge } from "../fakes/forge.ts";
import { sampleRun } from "./sample-run.ts";

export interface OutboxDesk {
  readonly store: Store;
  /** codeberg */
  readonly forge: FakeForge;
  readonly github: FakeForge;
  readonly outbox: Outbox;
  readonly clock: { ms: number };
  /** What was logged, one object a line. */
  readonly logged: { readonly msg: string; readonly [key: string]: unknown }[];
  /** Forges that are closed, by name. */
  readonly closed: string[];
  /** Adds effects of issue 15 on codeberg under the keys given. */
  add(
    effects: Readonly<Record<string, EffectAction>>,
    issue?: number,
    forge?: string,
    owner?: string,
  ): Promise<void>;
  /** Another outbox on the same store, as after a restart or in a second process; some forges may be configured no more. */
  restarted(...gone: readonly string[]): Outbox;
  /** One whose process dies before it can record how anything ended. */
  doomed(): Outbox;
}

/** One that the redaction misses, and one that it takes out. */
export const SECRET = "hunter2-hunter2";
export const REDACTED_SECRET = "hunter3-hunter3";
const RUN = "r1";

export async function openOutboxDesk(t: TestContext): Promise<OutboxDesk> {
  const dir = await mkdtemp(join(tmpdir(), "outbox-"));
  const clock = { ms: Date.UTC(2026, 10, 22) };
  const now = () => clock.ms;
  let ids = 0;
  const store = await openSqliteStore({ file: join(dir, "store.db"), now, newId: () => `id${++ids}` });
  t.after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  await enqueueRun(store, now());
  const forge = new FakeForge("codeberg");
  const logged: OutboxDesk["logged"] = [];
  const log = pino({ level: "info" }, { write: (line) => logged.push(JSON.parse(line)) });
  const findSecret = (text: string) =>
    text.includes(SECRET) ? "API_KEY" : text.includes(REDACTED_SECRET) ? "OTHER_KEY" : null;
  const redact = (text: string) =>
    text.replaceAll("token-1", "[token]").replaceAll(REDACTED_SECRET, "[OTHER_KEY]");
  const github = new FakeForge("github", "github");
  const forges = new Map([forge, github].map((one) => [one.name, one]));
  const closed: string[] = [];
  const shared = { forges, redact, findSecret, now, log, closed: () => closed };
  const restarted = (...gone: readonly string[]) => {
    const left = new Map([...forges].filter(([name]) => !gone.includes(name)));
    return createOutbox({ ...shared, forges: left, store });
  };
  const add: OutboxDesk["add"] = (effects, issue = 15, name = forge.name, owner = "acme") =>
    store.addEffects(
      Object.entries(effects).map(([key, action]) => effectOf(key, action, issue, { forge: name, owner })),
    );
  const doomed = () => createOutbox({ ...shared, store: withoutEnds(store) });
  return { store, forge, github, outbox: restarted(), clock, logged, closed, add, restarted, doomed };
}

function effectOf(
  key: string,
  action: EffectAction,
  issue: number,
  repo: Pick<RepoRef, "forge" | "owner">,
): NewEffect {
  return { repo: { ...sampleRun().repo, ...repo }, issue, runId: RUN, key, action };
}

function withoutEnds(store: Store): Store {
  const die = async () => {
    throw new Error("the process died");
  };
  return new Proxy(store, {
    get: (target, key) => (key === "confirmEffect" || key === "delayEffect" ? die : Reflect.get(target, key)),
  });
}

async function enqueueRun(store: Store, receivedAt: number): Promise<void> {
  const { repo, issue, trigger, request } = sampleRun();
  const delivery = { forge: repo.forge, id: "d1" };
  await store.receive({ ...delivery, event: "issue_comment", body: "{}", receivedAt });
  const run = { id: RUN, repo, issue, trigger, request, priority: 0 };
  await store.settle({ delivery, keys: ["k1"], changes: [{ kind: "enqueue", run }], effects: [] });
}

export function comment(body: string): EffectAction {
  return { kind: "comment", body };
}

export function status(body: string): EffectAction {
  return { kind: "status", body };
}
