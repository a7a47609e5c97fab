/**
 * A real forge's git side for these tests: repositories over smart HTTP on loopback, with one bot's token, and a
 * clone of a person's to push from. Not a test file.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gitHttp } from "../../src/demo/forge/git-http.ts";
import type { GitCredential } from "../../src/forges/forge.ts";
import type { RepoRef } from "../../src/model/run.ts";

export const TOKEN = "bot-token-of-these-tests";
export const PATH = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin";

export interface Remote {
  readonly dir: string;
  readonly repo: RepoRef;
  readonly credential: GitCredential;
  /** Requests that reached git, as "read" and "write". */
  readonly requests: string[];
  /** Pushes by the bot are refused with 403 while false. */
  mayPush: boolean;
  /** Runs git in the person's clone. */
  person(...args: string[]): Promise<string>;
  /** Runs git in the bare repository behind the server. */
  bare(...args: string[]): Promise<string>;
  /** Commits files in the person's clone and pushes the branch; resolves with the commit. */
  commit(files: Readonly<Record<string, string>>, message: string, branch?: string): Promise<string>;
  close(): Promise<void>;
}

/** `empty`: without a first commit. */
export async function startRemote(options: { readonly empty?: boolean } = {}): Promise<Remote> {
  const dir = await mkdtemp(join(tmpdir(), "remote-"));
  const bareDir = join(dir, "acme", "shop.git");
  const clone = join(dir, "person");
  await git(dir, "init", "-q", "--bare", "-b", "main", bareDir);
  await git(dir, "clone", "-q", bareDir, clone);
  const requests: string[] = [];
  const handle = gitHttp({
    root: dir,
    authorize: ({ password, write }) => {
      if (password !== TOKEN) return "unauthorized";
      requests.push(write ? "write" : "read");
      return write && !remote.mayPush ? "forbidden" : "ok";
    },
  });
  const server = createServer((req, res) => void (handle(req, res) || res.writeHead(404).end()));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const remote: Remote = {
    dir,
    repo: { forge: "local", owner: "acme", name: "shop" },
    credential: { url: `http://127.0.0.1:${port}/acme/shop.git`, username: "bot", password: TOKEN },
    requests,
    mayPush: true,
    person: (...args) => git(clone, ...args),
    bare: (...args) => git(bareDir, ...args),
    commit: async (files, message, branch = "main") => {
      await git(clone, "checkout", "-q", "-B", branch);
      await writeFiles(clone, files);
      await git(clone, "add", "-A");
      await git(clone, "commit", "-q", "-m", message);
      await git(clone, "push", "-q", "origin", branch);
      return await git(clone, "rev-parse", "HEAD");
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(dir, { recursive: true, force: true });
    },
  };
  if (!options.empty) await remote.commit({ "README.md": "# Shop\n", "src/a.ts": "a\n" }, "first");
  return remote;
}

export async function writeFiles(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** Git as a person or an agent would run it, with an identity; never the bot's own. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH,
    HOME: "/nonexistent",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Ann",
    GIT_AUTHOR_EMAIL: "ann@example.org",
    GIT_COMMITTER_NAME: "Ann",
    GIT_COMMITTER_EMAIL: "ann@example.org",
  };
  const { stdout } = await promisify(execFile)("git", args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
