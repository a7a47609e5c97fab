/** What the forge shows of the bot's doings, read from the forge itself and its git, not through its API. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LocalForge } from "../../src/demo/forge/local-forge.ts";
import type { BranchFacts, IssueFacts } from "./facts.ts";

const run = promisify(execFile);

export interface Places {
  readonly forge: LocalForge;
  readonly bot: string;
  /** `owner/name` */
  readonly repos: readonly string[];
  /** Where the bare repositories are. */
  readonly gitRoot: string;
}

export function issueFacts(issue: string, { forge, bot }: Places): IssueFacts {
  const [repo = "", number = ""] = issue.split("#");
  const found = forge.issue(repo, Number(number));
  const own = <T extends { readonly by: { readonly login: string } }>(things: readonly T[]) =>
    things.filter(({ by }) => by.login === bot);
  return {
    issue,
    comments: own(found.comments).map(({ id, body, createdAt }) => ({ id: String(id), body, at: createdAt })),
    reactions: new Map(
      found.comments.map((comment) => [
        String(comment.id),
        own(comment.reactions).map(({ content }) => content),
      ]),
    ),
    labels: found.labels.map(({ name }) => name),
    times: own(found.times).map(({ seconds, at }) => ({ seconds, at })),
  };
}

/** Every branch but the default one. */
export async function branchFacts({ forge, repos, gitRoot }: Places): Promise<readonly BranchFacts[]> {
  const out: BranchFacts[] = [];
  for (const repo of repos) {
    const pulls = (await forge.pulls(repo)).map(({ pull }) => pull?.head);
    for (const branch of await forge.branches(repo)) {
      if (branch === "main") continue;
      const range = `refs/heads/main..refs/heads/${branch}`;
      const { stdout } = await run("git", [
        "--git-dir",
        `${gitRoot}/${repo}.git`,
        "log",
        "--format=%s",
        range,
      ]);
      const commits = stdout.split("\n").filter(Boolean);
      out.push({ repo, branch, commits, pulls: pulls.filter((head) => head === branch).length });
    }
  }
  return out;
}
