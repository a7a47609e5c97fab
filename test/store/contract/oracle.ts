/** The rule of claiming in its plainest form, over all runs; what every adapter's quick way must agree with. */
import { LEASED_STATES, type Run, repoName } from "../../../src/model/run.ts";
import type { Caps, Store } from "../../../src/store/store.ts";

/** The id of the run that the next claim must take. Pauses and freeze aside. */
export async function expectedClaim(store: Store, caps: Caps): Promise<string | undefined> {
  const queued = await store.runs({ states: ["queued"] });
  const leased = await store.runs({ states: LEASED_STATES });
  const open = queued.filter((run) => fits(run, leased, caps));
  const places = await Promise.all(open.map(async ({ id }) => ({ id, ahead: await store.ahead(id) })));
  return places.toSorted((a, b) => a.ahead - b.ahead)[0]?.id;
}

function fits(run: Run, leased: readonly Run[], caps: Caps): boolean {
  const repository = ({ repo }: Run) => `${repo.forge} ${repoName(repo)}`.toLowerCase();
  const below = (cap: number | null | undefined, same: (other: Run) => boolean) =>
    cap === null || cap === undefined || leased.filter(same).length < cap;
  return (
    below(caps.total, () => true) &&
    below(caps.perRepository, (other) => repository(other) === repository(run)) &&
    below(caps.pools[run.pool] ?? caps.perPool, (other) => other.pool === run.pool) &&
    below(caps.models[run.request.agent], (other) => other.request.agent === run.request.agent)
  );
}
