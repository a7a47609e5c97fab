/**
 * GitHub keeps no time. An App can show a run's exact start and end as a check run on the pushed commit; otherwise
 * the seconds stand in the final comment alone.
 */

import { ForgeError } from "../../model/errors.ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Booked, Forge, StillOurs, TimeEntry } from "../forge.ts";
import { fetchWhile } from "../while-ours.ts";
import type { Call, GithubClient } from "./client.ts";

const CHECK_NAME = "agent-dispatch";

export function time(client: GithubClient): Pick<Forge, "startStopwatch" | "bookTime"> {
  return {
    async startStopwatch() {},
    async bookTime(repo, _issue, entry, stillOurs) {
      const { sha } = entry;
      if (client.config.auth.as !== "app" || sha === null) return "shown in the comment";
      const action = `showing the time on ${repoName(repo)}@${sha.slice(0, 7)}`;
      try {
        const isBooked = await client.onRepo(repo, action, findCheck(repo, sha, entry.key));
        if (!isBooked) await client.onRepo(repo, action, createCheck(repo, sha, entry, stillOurs));
        return "booked";
      } catch (error) {
        return withoutChecks(error);
      }
    },
  };
}

/** The admin may have left the permission out: then the comment has to do. */
function withoutChecks(error: unknown): Booked {
  if (error instanceof ForgeError && error.status === 403 && !error.retryable) return "shown in the comment";
  throw error;
}

function findCheck(repo: RepoRef, sha: string, key: string): Call<boolean> {
  const where = { owner: repo.owner, repo: repo.name, ref: sha, check_name: CHECK_NAME };
  return async (octokit, request) => {
    const list = octokit.rest.checks.listForRef;
    const { data } = await list({ ...where, filter: "all", per_page: 100, request });
    return data.check_runs.some((run) => run.external_id === key);
  };
}

function createCheck(repo: RepoRef, sha: string, entry: TimeEntry, stillOurs: StillOurs): Call<unknown> {
  return async (octokit, request) => {
    return await octokit.rest.checks.create({
      owner: repo.owner,
      repo: repo.name,
      name: CHECK_NAME,
      head_sha: sha,
      external_id: entry.key,
      status: "completed",
      conclusion: entry.ok ? "success" : "failure",
      started_at: new Date(entry.startedAt).toISOString(),
      completed_at: new Date(entry.endedAt).toISOString(),
      output: {
        title: `The agent worked ${entry.seconds} s`,
        summary: `Exactly ${entry.seconds} seconds of work.`,
      },
      request: { ...request, fetch: fetchWhile(stillOurs) },
    });
  };
}
