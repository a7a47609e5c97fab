/** What can be seen on the fake GitHub. */
import type { ForgeWorld, WorldPull } from "../forge-world.ts";
import { asked, at, listOf, numberAt, textAt } from "./api.ts";
import type { Fake, FakeGithub } from "./fake-github.ts";
import { type CheckRun, must } from "./pipeline.ts";

type Views = Pick<
  ForgeWorld,
  | "comments"
  | "labels"
  | "reactions"
  | "pulls"
  | "reviews"
  | "branches"
  | "fileAt"
  | "bookedTime"
  | "runningStopwatches"
> &
  Pick<FakeGithub, "checkRuns">;

const PAGE = 100;

export function createViews(fake: Fake): Views {
  const { git, pipeline } = fake;

  async function all(path: string): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for (let page = 1; ; page++) {
      const glue = path.includes("?") ? "&" : "?";
      const request = asked(
        "GET",
        `${path}${glue}per_page=${PAGE}&page=${page}`,
        fake.directory.accounts[0]?.token ?? "",
      );
      const some = listOf(must(await pipeline.handle(request), `looking at ${path}`));
      found.push(...some);
      if (some.length < PAGE) return found;
    }
  }

  const pulls = async (repo: string) => (await all(`/repos/${repo}/pulls?state=open`)).map(pullOf).reverse();

  return {
    async comments(repo, issue) {
      return (await all(`/repos/${repo}/issues/${issue}/comments`)).map((one) => {
        const id = String(numberAt(one, "id"));
        const createdAt = Date.parse(textAt(one, "created_at"));
        const edits = pipeline.edits.get(id) ?? 0;
        return { id, by: textAt(one, "user", "login"), body: textAt(one, "body"), createdAt, edits };
      });
    },
    async labels(repo, issue) {
      return (await all(`/repos/${repo}/issues/${issue}/labels`)).map((one) => textAt(one, "name"));
    },
    async reactions(repo, commentId, issue) {
      const on = commentId === null ? `${repo}/${issue}` : `${repo}/comments/${commentId}`;
      return pipeline.reactions.all
        .filter((one) => one.on === on)
        .map(({ by, content }) => ({ by, content }));
    },
    pulls,
    async reviews(repo, pull) {
      return (await all(`/repos/${repo}/pulls/${pull}/reviews`)).map((one) => ({
        by: textAt(one, "user", "login"),
        body: textAt(one, "body"),
        state: textAt(one, "state").toUpperCase(),
      }));
    },
    branches: (repo) => git.branches(repo),
    fileAt: (repo, ref, path) => git.file(repo, ref, path),
    async bookedTime(repo, issue) {
      const mine = (await pulls(repo)).filter((pull) => pull.number === issue || closes(pull, issue));
      const shas = mine.map((pull) => pull.headSha);
      return pipeline.checkRuns
        .filter((one) => one.repo === repo && shas.includes(textAt(one.run, "head_sha")))
        .map((one) => ({ seconds: secondsOf(one), by: one.by }));
    },
    runningStopwatches: async () => [],
    checkRuns: (repo, sha) =>
      pipeline.checkRuns
        .filter((one) => one.repo === repo && textAt(one.run, "head_sha") === sha)
        .map((one) => one.run),
  };
}

function closes(pull: WorldPull, issue: number): boolean {
  return new RegExp(`#${issue}\\b`).test(pull.body);
}

function secondsOf({ run }: CheckRun): number {
  return (Date.parse(textAt(run, "completed_at")) - Date.parse(textAt(run, "started_at"))) / 1000;
}

function pullOf(pull: unknown): WorldPull {
  return {
    number: numberAt(pull, "number"),
    title: textAt(pull, "title"),
    body: textAt(pull, "body"),
    head: textAt(pull, "head", "ref"),
    base: textAt(pull, "base", "ref"),
    draft: at(pull, "draft") === true,
    headSha: textAt(pull, "head", "sha"),
  };
}
