/** Real bare git repositories on disk, `<root>/<owner>/<name>.git`. Commits are made without a work tree. */
import { type ExecFileOptions, execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

interface Author {
  readonly by: string;
  readonly message: string;
}

const ENV = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

interface TrackedPull {
  readonly repo: string;
  readonly number: number;
  /** The head's repository and branch. */
  readonly from: string;
  readonly branch: string;
}

export class GitStore {
  readonly root: string;
  readonly #pulls: TrackedPull[] = [];

  constructor(root: string) {
    this.root = root;
  }

  async create(repo: string): Promise<void> {
    await mkdir(this.#dir(repo), { recursive: true });
    await this.#git(repo, ["init", "--quiet", "--bare", "--initial-branch=main"]);
  }

  async fork(repo: string, to: string): Promise<void> {
    await mkdir(join(this.#dir(to), ".."), { recursive: true });
    await run(["clone", "--quiet", "--bare", this.#dir(repo), this.#dir(to)], { env: ENV });
  }

  /** The commit a branch or id stands for; null when there is none. */
  async resolve(repo: string, ref: string): Promise<string | null> {
    return await this.#git(repo, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]).catch(() => null);
  }

  async branches(repo: string): Promise<readonly string[]> {
    const text = await this.#git(repo, ["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
    return text === "" ? [] : text.split("\n");
  }

  /** Null when there is no such file. */
  async file(repo: string, ref: string, path: string): Promise<string | null> {
    return await this.#git(repo, ["cat-file", "blob", `${ref}:${path}`], {}, false).catch(() => null);
  }

  /** The names in a folder; null when there is none. */
  async folder(repo: string, ref: string, path: string): Promise<readonly string[] | null> {
    const names = await this.#git(repo, ["ls-tree", "--name-only", `${ref}:${path}`]).catch(() => null);
    return names === null ? null : names.split("\n");
  }

  /** How many commits `head` has that `base` has not; `from` is the repository of the head. */
  async ahead(repo: string, base: string, from: string, head: string): Promise<number> {
    const headSha = await this.resolve(from, head);
    if (headSha === null) return 0;
    await this.#git(repo, ["fetch", "--quiet", this.#dir(from), `refs/heads/${head}`]);
    return Number(await this.#git(repo, ["rev-list", "--count", `${base}..${headSha}`]));
  }

  /** From now on `refs/pull/<number>/head` follows the branch, as long as that exists. */
  async track(pull: TrackedPull): Promise<void> {
    this.#pulls.push(pull);
    await this.follow(pull.from);
  }

  /** Something was pushed to this repository. */
  async follow(repo: string): Promise<void> {
    for (const { repo: base, number, from, branch } of this.#pulls.filter((one) => one.from === repo)) {
      const refs = `+refs/heads/${branch}:refs/pull/${number}/head`;
      await this.#git(base, ["fetch", "--quiet", this.#dir(from), refs]).catch(() => {});
    }
  }

  /** Commits files on top of a branch, which is made from `main` when it does not exist. */
  async commit(
    repo: string,
    branch: string,
    files: Readonly<Record<string, string>>,
    author: Author,
  ): Promise<string> {
    const parent =
      (await this.resolve(repo, `refs/heads/${branch}`)) ?? (await this.resolve(repo, "refs/heads/main"));
    const index = { GIT_INDEX_FILE: join(this.#dir(repo), `index.${crypto.randomUUID()}`) };
    if (parent) await this.#git(repo, ["read-tree", parent], index);
    for (const [path, text] of Object.entries(files)) {
      const blob = await this.#git(repo, ["hash-object", "-w", "--stdin"], {}, true, text);
      await this.#git(repo, ["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], index);
    }
    const tree = await this.#git(repo, ["write-tree"], index);
    await rm(index.GIT_INDEX_FILE, { force: true });
    const person = {
      GIT_AUTHOR_NAME: author.by,
      GIT_AUTHOR_EMAIL: `${author.by}@example.org`,
      GIT_COMMITTER_NAME: author.by,
      GIT_COMMITTER_EMAIL: `${author.by}@example.org`,
    };
    const args = ["commit-tree", tree, "-m", author.message, ...(parent ? ["-p", parent] : [])];
    const sha = await this.#git(repo, args, person);
    await this.#git(repo, ["update-ref", `refs/heads/${branch}`, sha]);
    await this.follow(repo);
    return sha;
  }

  #dir(repo: string): string {
    return join(this.root, `${repo}.git`);
  }

  async #git(repo: string, args: readonly string[], env = {}, isTrimmed = true, input = ""): Promise<string> {
    const text = await run(args, { cwd: this.#dir(repo), env: { ...ENV, ...env } }, input);
    return isTrimmed ? text.trim() : text;
  }
}

function run(args: readonly string[], options: ExecFileOptions, input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("git", [...args], { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(String(stdout));
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
