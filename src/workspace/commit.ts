/**
 * Makes a commit of the bot's: by it, signed when there is a key, with whoever asked as co-author. Everything the bot
 * publishes is made here, also what the agent had committed (`remake.ts`).
 */
import type { SigningKey } from "../config/config.ts";
import type { Git } from "./git.ts";

export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Who makes commits, and how. */
export interface Maker {
  readonly git: Git;
  readonly author: Identity;
  readonly signing: SigningKey | null;
  readonly coauthor: Identity | null;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** As git writes dates: seconds and offset. */
  readonly authored: string;
  readonly committed: string;
}

export interface Repository {
  readonly cwd: string;
  readonly gitDir: string;
  readonly signal: AbortSignal;
}

/** Resolves with its name. The same commit gives the same name, unless the kind of key signs with the time. */
export async function makeCommit(maker: Maker, call: Repository, commit: NewCommit): Promise<string> {
  const { author, signing, coauthor } = maker;
  const parents = commit.parents.flatMap((parent) => ["-p", parent]);
  const trailer = coauthor ? `\n\nCo-authored-by: ${plain(coauthor.name)} <${plain(coauthor.email)}>` : "";
  const answer = await maker.git(
    ["commit-tree", commit.tree, ...parents, ...(signing ? ["-S"] : []), "-F", "-"],
    {
      ...call,
      input: `${commit.message.trim()}${trailer}\n`,
      config: signing ? configFor(signing) : {},
      env: {
        ...(signing?.format === "openpgp" && { GNUPGHOME: signing.gnupgHome }),
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_AUTHOR_DATE: commit.authored,
        GIT_COMMITTER_NAME: author.name,
        GIT_COMMITTER_EMAIL: author.email,
        GIT_COMMITTER_DATE: commit.committed,
      },
    },
  );
  return answer.text;
}

function configFor(signing: SigningKey): Readonly<Record<string, string>> {
  const key = signing.format === "ssh" ? signing.file : signing.fingerprint;
  return { "gpg.format": signing.format, "user.signingKey": key };
}

/** Nothing that could end the trailer or begin another. */
function plain(text: string): string {
  return text.replace(/[<>\p{Cc}]/gu, "").trim();
}
