/**
 * Makes an agent's commits anew as the bot's: the same files, parents, messages and dates, but by the bot, signed when
 * it signs, and with the one who asked as co-author. What an agent says of who wrote, signed or reviewed a commit is
 * its own word and is left out, so nobody is named who had no part in it. Commits that the forge has already, such as
 * those of a branch that was merged in, stay as they are.
 *
 * Made again they are the same, so that a run that goes on after a crash, or after more work, meets what it pushed.
 */
import type { RunWorkspace } from "../model/run.ts";
import { type Maker, makeCommit, type Repository } from "./commit.ts";

export interface Remade {
  readonly sha: string;
  /** Some had named another author or committer. */
  readonly foreign: boolean;
}

/** Each costs a few milliseconds, and nobody reads a history longer than that. */
const MOST_COMMITS = 500;
/** `Co-authored-by`, `Signed-off-by`, `Reviewed-by`, … */
const SAID_OF_PEOPLE = /^[ \t]*[A-Za-z-]+-by[ \t]*:.*$\n?/gim;
const CONTROL = /(?![\t\n])\p{Cc}/gu;
const PERSON = /^(.*) (\d{1,11} [+-]\d{4})$/;

/** `head` stands on `base`. Null when they are too many to make anew. */
export async function remake(
  maker: Maker,
  call: Repository,
  { baseSha }: Pick<RunWorkspace, "baseSha">,
  head: string,
): Promise<Remade | null> {
  const { git } = maker;
  const range = [head, "--not", baseSha, "--alternate-refs"] as const;
  const untrusted = { ...call, untrusted: true };
  const list = await git(["rev-list", "--topo-order", "--reverse", "--parents", ...range], untrusted);
  const lines = list.text.split("\n").filter(Boolean);
  if (lines.length > MOST_COMMITS) return null;
  const own = `${maker.author.name} <${maker.author.email}>`;
  const made = new Map<string, string>();
  let foreign = false;
  for (const line of lines) {
    const [sha = "", ...parents] = line.split(" ");
    const { stdout } = await git(["cat-file", "commit", sha], untrusted);
    const { tree, message, author, committer } = parse(stdout.toString("utf8"));
    foreign ||= author.name !== own || committer.name !== own;
    const commit = {
      tree,
      parents: parents.map((parent) => made.get(parent) ?? parent),
      message: clean(message),
      authored: author.date,
      committed: committer.date,
    };
    made.set(sha, await makeCommit(maker, call, commit));
  }
  return { sha: made.get(head) ?? head, foreign };
}

interface Person {
  readonly name: string;
  readonly date: string;
}

function parse(raw: string) {
  const end = raw.indexOf("\n\n");
  const headers = (end < 0 ? raw : raw.slice(0, end)).split("\n");
  const header = (name: string) =>
    headers.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "";
  return {
    tree: header("tree"),
    author: person(header("author")),
    committer: person(header("committer")),
    message: end < 0 ? "" : raw.slice(end + 2),
  };
}

/** A date that is none is the oldest there is: the same whenever it is looked at. */
function person(text: string): Person {
  const [, name = "", date = "0 +0000"] = PERSON.exec(text) ?? [];
  return { name, date };
}

function clean(message: string): string {
  return message.replace(CONTROL, "").replace(SAID_OF_PEOPLE, "").trim() || "(no message)";
}
