/** A repository's facts, its files, and the credential for git. */

import { Refusal } from "../../model/errors.ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Forge } from "../forge.ts";
import type { Call, GithubClient } from "./client.ts";
import { statusOf } from "./errors.ts";
import { gitTokens } from "./git-tokens.ts";
import { webUrl } from "./web-url.ts";

const MAX_FILE_BYTES = 1024 * 1024;

export function repositories(client: GithubClient): Pick<Forge, "repository" | "file" | "gitCredential"> {
  const tokenFor = gitTokens(client);
  return {
    async repository(repo) {
      const { data } = await client.onRepo(repo, `reading ${repoName(repo)}`, (octokit, request) =>
        octokit.rest.repos.get({ owner: repo.owner, repo: repo.name, request }),
      );
      const { default_branch: defaultBranch, html_url: url } = data;
      return { defaultBranch, private: data.private, timeTracking: false, url };
    },

    file: (repo, path) => client.onRepo(repo, `reading ${path} of ${repoName(repo)}`, fileOf(repo, path)),

    async gitCredential(repo) {
      const password = await tokenFor(repo);
      const url = `${webUrl(client.config.baseUrl)}/${repoName(repo)}.git`;
      return { url, username: "x-access-token", password };
    },
  };
}

function fileOf(repo: RepoRef, path: string): Call<string | null> {
  return async (octokit, request) => {
    const where = { owner: repo.owner, repo: repo.name, path, mediaType: { format: "raw" }, request };
    let data: unknown;
    try {
      ({ data } = await octokit.rest.repos.getContent(where));
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
    // Asked for raw, GitHub answers a folder with its list, which is no file.
    if (typeof data !== "string" && !(data instanceof ArrayBuffer)) return null;
    const bytes = Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : Buffer.from(data));
    if (bytes.length > MAX_FILE_BYTES) {
      throw new Refusal(`reading ${path} of ${repoName(repo)}: it is larger than 1 MiB`, "make it smaller");
    }
    return bytes.toString("utf8");
  };
}
