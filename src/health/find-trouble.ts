/** Asks a forge whether it takes our credentials, and what is wrong when it does not. */
import type { Forge } from "../forges/forge.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { RepoRef } from "../model/run.ts";

export const REFUSED = "it refuses the bot's credentials (401); the log says what to do";
const NOT_READY = "it is not ready; the log says what to do";

export interface Trouble {
  /** For everybody: no address, no repository, nothing a forge said. */
  readonly word: string;
  /** For the admin. */
  readonly reason: string;
}

export interface Known {
  readonly forge: Forge;
  /** The last answer of 401; null when there was none since the forge worked. */
  readonly refusal: ForgeError | null;
  /** What was asked for then; null when it was no repository. */
  readonly refusedIn: RepoRef | null;
  /** Where a request went well last. */
  readonly workedIn: RepoRef | null;
}

/** Null when the forge takes our credentials. */
export async function findTrouble({ forge, refusal, refusedIn, workedIn }: Known): Promise<Trouble | null> {
  try {
    const { ready, summary, fix } = await forge.probe();
    if (!ready) {
      const told = fix === null || summary.includes(fix);
      const word = refusal === null ? NOT_READY : REFUSED;
      return { word, reason: told ? summary : `${summary}; ${fix}` };
    }
    // A probe may answer from memory, so what was refused is asked for again. One repository alone may still be
    // refused when another works: then it is not the forge that is closed to us.
    const repos = [refusedIn, workedIn].filter((repo) => repo !== null);
    if (refusal === null || repos.length === 0) return null;
    for (const repo of repos) if (await isAccepted(forge, repo)) return null;
    return { word: REFUSED, reason: refusal.message };
  } catch (error) {
    return { word: NOT_READY, reason: messageOf(error) };
  }
}

/** Any answer but a 401 means that the credentials were good; no answer means nothing. */
async function isAccepted(forge: Forge, repo: RepoRef): Promise<boolean> {
  try {
    await forge.repository(repo);
    return true;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    return error.status !== 401 && !error.retryable;
  }
}
