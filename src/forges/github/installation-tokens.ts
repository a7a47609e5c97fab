/**
 * Octokits that speak as an installation. They keep its token for an hour; but GitHub takes tokens back before their
 * time when an App is uninstalled or suspended, so one that is refused is thrown away and asked for anew, once.
 */
import type { ProbotOctokit } from "probot";
import { statusOf } from "./errors.ts";

type Auth = (installationId?: number) => Promise<ProbotOctokit>;

export interface InstallationTokens {
  /** Calls once more, with a new token, when GitHub refuses the kept one (401): then nothing was done yet. */
  use<T>(id: number, call: (octokit: ProbotOctokit) => Promise<T>): Promise<T>;
  readonly renewals: () => number;
}

export function installationTokens(auth: Auth): InstallationTokens {
  const renewed = new Map<number, ProbotOctokit>();
  let renewals = 0;
  return {
    renewals: () => renewals,
    async use(id, call) {
      const octokit = renewed.get(id) ?? (await auth(id));
      try {
        return await call(octokit);
      } catch (error) {
        if (statusOf(error) !== 401) throw error;
        renewals++;
        const fresh = await withEmptyCache(auth, id);
        renewed.set(id, fresh);
        return await call(fresh);
      }
    },
  };
}

/** Probot's Octokits share one cache of tokens, which nothing can be taken out of. So: one with a cache of its own. */
async function withEmptyCache(auth: Auth, installationId: number): Promise<ProbotOctokit> {
  const app = await auth();
  const made = await app.auth({
    type: "installation",
    installationId,
    factory: ({ octokit, octokitOptions, ...rest }: FactoryOptions) => {
      const Octokit = octokit.constructor as new (options: object) => ProbotOctokit;
      return new Octokit({ ...octokitOptions, auth: { ...rest, installationId, cache: new Map() } });
    },
  });
  return made as ProbotOctokit;
}

/** What Octokit's authentication gives a factory. */
interface FactoryOptions {
  readonly octokit: ProbotOctokit;
  readonly octokitOptions: object;
}
