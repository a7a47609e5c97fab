/** A local forge to look back at, with a clock that the test moves. */
import type { TestContext } from "node:test";
import type { LocalForge } from "../../../src/demo/forge/local-forge.ts";
import type { Lookback } from "../../../src/forges/forge.ts";
import { forgejoApi } from "../../../src/forges/forgejo/api.ts";
import { forgejoMissed } from "../../../src/forges/forgejo/missed.ts";
import type { Limits } from "../../../src/forges/forgejo/pace.ts";
import { parse } from "../../../src/forges/forgejo/parse.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";

export const LABEL = "dispatch:codex";
export const HOUR = 3_600_000;

/** A forge whose clock is an hour behind ours, one look back, and an issue that was there before. */
export async function openLooks(t: TestContext, limits: Partial<Limits> = {}) {
  const clock = { ms: Date.parse("2026-11-01T10:00:00Z") };
  const world = await startLocalForgeWorld({ now: () => clock.ms });
  t.after(() => world.close());
  const { local } = world;
  const missedBy = (timeoutMs?: number) => {
    const options = { config: world.forgeConfig(), now: Date.now, ...(timeoutMs && { timeoutMs }) };
    return forgejoMissed(forgejoApi(options), limits);
  };
  await world.createUser("ada");
  const repo = await world.createRepo({ owner: "ada", name: "app", files: { a: "a" } });
  const issue = local.openIssue(repo, { by: "ada", title: "Title", body: "" });
  const look = (cursor: string | null, more: Partial<Lookback> = {}, timeoutMs?: number) =>
    missedBy(timeoutMs).missed({
      cursor,
      notBefore: 0,
      repositories: [],
      known: async () => new Set(),
      now: clock.ms + HOUR,
      signal: AbortSignal.timeout(20_000),
      ...more,
    });
  const later = (ms: number) => {
    clock.ms += ms;
  };
  later(HOUR);
  const { cursor } = await look(null);
  later(60_000);
  const found = async (from = cursor, more: Partial<Lookback> = {}) => {
    const { deliveries } = await look(from, more);
    return deliveries.flatMap((one) => parse(one, "local"));
  };
  return { world, local, repo, issue, look, found, later, cursor };
}

/** How often the forge is asked during this. */
export async function requests(local: LocalForge, act: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const when = () => {
    count++;
    return false;
  };
  const end = local.fail(null, /./, 500, { when });
  await act();
  end();
  return count;
}
