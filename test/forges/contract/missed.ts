/** What a look at missed events must find. Nothing counts as arrived here, whatever the receiver was sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lookback, Missed } from "../../../src/forges/forge.ts";
import { ForgeError } from "../../../src/model/errors.ts";
import type { Event } from "../../../src/model/event.ts";
import type { Place, Setting } from "./setting.ts";

const NEAR_MS = 60_000;

export function missedContract(setting: () => Setting): void {
  const look = (cursor: string | null, more: Partial<Lookback> = {}): Promise<Missed> =>
    setting().forge.missed({
      cursor,
      notBefore: 0,
      repositories: [],
      known: async () => new Set(),
      now: Date.now(),
      signal: AbortSignal.timeout(20_000),
      ...more,
    });
  const mark = async () => (await look(null)).cursor;

  /** What a look tells of the place, in our words. */
  function eventsOf(place: Place, { deliveries }: Missed): readonly Event[] {
    const { forge } = setting();
    const events = deliveries.flatMap((delivery) => forge.parse(delivery));
    return events.filter(({ repo }) => repo.owner === place.ref.owner && repo.name === place.ref.name);
  }

  /** Looks until there is something to see: a forge may tell of its deliveries a moment late. */
  async function found(place: Place, cursor: string, atLeast = 1): Promise<readonly Event[]> {
    let seen: readonly Event[] = [];
    const there = async () => {
      seen = eventsOf(place, await look(cursor, { repositories: [place.ref] }));
      return seen.length >= atLeast;
    };
    await setting().world.waitFor(there, `${atLeast} missed events`);
    return seen;
  }

  async function issueIn(): Promise<Place & { readonly issue: number }> {
    const { world, repo } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Title", body: "Body" });
    return { ...place, issue };
  }

  test("the first look finds nothing and marks where to begin", async () => {
    const { world } = setting();
    const place = await issueIn();
    await world.comment(place.name, place.issue, "ada", "/dispatch");
    const first = await look(null, { repositories: [place.ref] });
    assert.deepEqual(first.deliveries, []);
    assert.ok(first.cursor.length > 0);
  });

  test("what happened before the time that is asked for is not found, however old the cursor is", async () => {
    const { world } = setting();
    const cursor = await mark();
    const place = await issueIn();
    await world.comment(place.name, place.issue, "ada", "/dispatch");
    assert.ok((await found(place, cursor)).length > 0);
    const late = await look(cursor, { repositories: [place.ref], notBefore: Date.now() + 2 * NEAR_MS });
    assert.deepEqual(eventsOf(place, late), []);
  });

  test("a missed comment is the event that its webhook would have been", async () => {
    const { world, events } = setting();
    const cursor = await mark();
    const place = await issueIn();
    const id = await world.comment(place.name, place.issue, "ada", "/dispatch codex\nplease");
    const [missed, ...more] = await found(place, cursor);
    assert.deepEqual([missed, more], [(await events(place, 1))[0], []]);
    // Not by the repository's name, which may change: the comment would be another one then.
    assert.equal(missed?.key, `${place.ref.forge}#comment:${id}`);
  });

  test("a missed comment on a pull request is one on a pull request", async () => {
    const { world, repo, events } = setting();
    const cursor = await mark();
    const place = await repo();
    await world.commit(place.name, { by: "ada", branch: "work", files: { "a.txt": "a" }, message: "Work" });
    const pull = await world.openPull(place.name, { by: "ada", head: "work", base: "main", title: "Pull" });
    await world.comment(place.name, pull, "ada", "/dispatch");
    const [missed] = await found(place, cursor);
    assert.deepEqual([missed?.issue.number, missed?.issue.isPull], [pull, true]);
    assert.equal(missed?.key, (await events(place, 1))[0]?.key);
  });

  test("a missed label is told with who put it there and when", async () => {
    const { world } = setting();
    const cursor = await mark();
    const place = await issueIn();
    await world.createUser(`bob-${place.ref.name}`);
    await world.grant(place.name, `bob-${place.ref.name}`, "write");
    await world.addLabel(place.name, place.issue, "ada", "dispatch:codex");
    await world.addLabel(place.name, place.issue, `bob-${place.ref.name}`, "bug");
    const labels = async () => (await found(place, cursor)).filter(({ kind }) => kind === "labels");
    await world.waitFor(async () => (await labels()).length > 0, "the label");
    const [missed] = await labels();
    assert.ok(missed?.kind === "labels");
    assert.deepEqual(missed.by, { id: place.ada.id, login: "ada", bot: false });
    assert.equal(missed.added ?? missed.labels[0], "dispatch:codex");
    assert.ok(missed.labels.includes("dispatch:codex"));
    assert.ok(Math.abs(missed.at - Date.now()) < NEAR_MS);
  });

  test("an issue that was closed meanwhile is told with who closed it", async () => {
    const { world } = setting();
    const cursor = await mark();
    const place = await issueIn();
    await world.closeIssue(place.name, place.issue, "ada");
    const [missed] = await found(place, cursor);
    assert.deepEqual([missed?.kind, missed?.issue.number, missed?.by.login], ["closed", place.issue, "ada"]);
  });

  test("what is found twice is the same delivery, and the older comes first", async () => {
    const { world } = setting();
    const cursor = await mark();
    const place = await issueIn();
    const ids: string[] = [];
    for (const body of ["one", "two", "three"])
      ids.push(await world.comment(place.name, place.issue, "ada", body));
    const told = await found(place, cursor, 3);
    assert.deepEqual(
      told.map((event) => event.kind === "comment" && event.commentId),
      ids,
    );
    const looks = [await look(cursor), await look(cursor)].map(({ deliveries }) =>
      deliveries.map(({ id }) => id),
    );
    for (const id of looks[0] ?? []) assert.ok(looks[1]?.includes(id), id);
    assert.equal(new Set(looks[1]).size, looks[1]?.length);
  });

  test("a later look goes on where the last one ended", async () => {
    const { world } = setting();
    const before = await look(await mark());
    const place = await issueIn();
    const id = await world.comment(place.name, place.issue, "ada", "/dispatch");
    const told = await found(place, before.cursor);
    assert.deepEqual(
      told.map((event) => event.kind === "comment" && event.commentId),
      [id],
    );
  });

  test("a repository that is not there any more keeps nothing else from being found", async () => {
    const { world, forge } = setting();
    const cursor = await mark();
    const place = await issueIn();
    await world.comment(place.name, place.issue, "ada", "/dispatch");
    const gone = { forge: forge.name, owner: "acme", name: "gone" };
    await world.waitFor(
      async () => eventsOf(place, await look(cursor, { repositories: [gone, place.ref] })).length === 1,
      "the comment",
    );
  });

  test("a look that the forge refuses, or that is broken off, rejects", async () => {
    const { forgeWith } = setting();
    const cursor = await mark();
    const refused = forgeWith({ badCredentials: true });
    const known = async () => new Set<string>();
    const signal = AbortSignal.timeout(20_000);
    await assert.rejects(
      refused.missed({ cursor, notBefore: 0, repositories: [], known, now: Date.now(), signal }),
      (error) => error instanceof ForgeError && error.status === 401 && !error.retryable,
    );
    await assert.rejects(look(cursor, { signal: AbortSignal.abort() }));
  });
}
