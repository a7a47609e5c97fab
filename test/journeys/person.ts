/** A person on the forge: opens issues, comments, and reads what the bot answers. */
import type { ForgeWorld, WorldComment } from "../fakes/forge-world.ts";

let count = 0;

export interface Desk {
  readonly world: ForgeWorld;
  readonly repo: string;
  readonly issue: number;
  /** May write to the repository. */
  readonly maintainer: string;
}

/** A repository of its own with an issue whose body holds the agent's steps. */
export async function openDesk(
  world: ForgeWorld,
  steps: readonly string[],
  labels: readonly string[] = [],
): Promise<Desk> {
  const name = `project-${process.pid}-${++count}`;
  const owner = `owner${count}`;
  const maintainer = `maintainer${count}`;
  await world.createUser(maintainer);
  const repo = await world.createRepo({
    owner,
    name,
    files: { "README.md": "# A project\n", "src/a.txt": "one\n" },
  });
  await world.grant(repo, maintainer, "write");
  const body = ["Please do this.", "", ...steps.map((step) => `step: ${step}`)].join("\n");
  const issue = await world.openIssue(repo, { by: maintainer, title: "Add a greeting", body, labels });
  return { world, repo, issue, maintainer };
}

export async function say(desk: Desk, body: string, by = desk.maintainer): Promise<string> {
  return await desk.world.comment(desk.repo, desk.issue, by, body);
}

/** The bot's comments on the issue, oldest first. */
export async function answers(desk: Desk): Promise<readonly WorldComment[]> {
  const all = await desk.world.comments(desk.repo, desk.issue);
  return all.filter((comment) => comment.by === desk.world.bot.login);
}

/** Waits for a comment of the bot that matches; tells what was there when none came. */
export async function answer(desk: Desk, pattern: RegExp, timeoutMs = 90_000): Promise<WorldComment> {
  let seen: readonly WorldComment[] = [];
  let found: WorldComment | undefined;
  try {
    await desk.world.waitFor(
      async () => {
        seen = await answers(desk);
        found = seen.find((comment) => pattern.test(comment.body));
        return found !== undefined;
      },
      `an answer like ${pattern}`,
      timeoutMs,
    );
  } catch (error) {
    throw new Error(
      `${error}\nThe bot's comments were:\n${seen.map((comment) => comment.body).join("\n---\n")}`,
    );
  }
  return found as WorldComment;
}

const FINAL = /^(?:✅|❌|🛑|⏱️|❓) \*\*/u;

/** Waits for a final answer: a new comment, not the status comment. */
export async function finalAnswer(desk: Desk, pattern = /./, timeoutMs = 90_000): Promise<WorldComment> {
  return await answer(
    desk,
    new RegExp(`${FINAL.source}[\\s\\S]*(?:${pattern.source})`, `u${pattern.flags}`),
    timeoutMs,
  );
}
