/**
 * `prepare ratio=N`: a fresh full `git clone` over HTTP, over the time from a run's trigger to its agent's start with
 * a warm mirror that has one new commit to fetch. Repository: 5,000 commits, 20,000 files. Medians of alternating
 * rounds; the time without a spare checkout, and that of writing the files alone, are printed beside it.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { execa } from "execa";
import { gitHttp } from "../src/demo/forge/git-http.ts";
import type { GitCredential } from "../src/forges/forge.ts";
import type { Run } from "../src/model/run.ts";
import { createWorkspaces, type Workspaces } from "../src/workspace/workspaces.ts";

const COMMITS = 5_000;
const FILES = 20_000;
const ROUNDS = 3;
const TOKEN = "bench";
const ENV = {
  PATH: "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

const dir = await mkdtemp(join(tmpdir(), "bench-prepare-"));
try {
  await main();
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const bare = join(dir, "served", "acme", "big.git");
  await buildRepository(bare);
  const server = createServer(gitServer(join(dir, "served")));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const credential = { url: `http://127.0.0.1:${port}/acme/big.git`, username: "bench", password: TOKEN };
  const plain = room("plain", false);
  const spared = room("spared", true);
  const times = {
    clone: [] as number[],
    spare: [] as number[],
    noSpare: [] as number[],
    floor: [] as number[],
  };
  for (const workspaces of [plain, spared]) await start(workspaces, 0, credential);
  for (let round = 1; round <= ROUNDS; round++) {
    await addCommit(bare, round);
    times.clone.push(await timed(() => clone(credential, join(dir, `clone-${round}`))));
    times.floor.push(await writeFloor(join(dir, `clone-${round}`), join(dir, `floor-${round}`)));
    times.noSpare.push(await start(plain, round, credential));
    times.spare.push(await start(spared, round, credential));
  }
  server.closeAllConnections();
  server.close();
  const [a, b] = [median(times.clone), median(times.spare)];
  console.log(`fresh full clone over HTTP        ${a.toFixed(0)} ms`);
  console.log(`warm mirror, no spare checkout    ${median(times.noSpare).toFixed(0)} ms`);
  console.log(`floor: writing the files by fs    ${median(times.floor).toFixed(0)} ms`);
  console.log(
    `warm mirror and a spare checkout  ${b.toFixed(0)} ms  (of rounds ${times.spare.map(Math.round).join(", ")})`,
  );
  console.log(`prepare ratio=${(a / b).toFixed(2)}`);
}

function gitServer(root: string) {
  const handle = gitHttp({ root, authorize: ({ password }) => (password === TOKEN ? "ok" : "unauthorized") });
  return (...args: Parameters<typeof handle>) => void handle(...args);
}

/** One commit with every file, then small ones; packed as a forge keeps it. */
async function buildRepository(bare: string): Promise<void> {
  await git(dir, "init", "-q", "--bare", "-b", "main", bare);
  const text: string[] = [];
  for (let n = 0; n < COMMITS; n++) {
    const files = n === 0 ? FILES : 3;
    text.push(commitHead(n, n === 0 ? null : `:${n}`));
    for (let f = 0; f < files; f++) text.push(fileChange(n === 0 ? f : (n * 7919 + f * 104_729) % FILES, n));
    text.push("\n");
  }
  await execa("git", ["fast-import", "--quiet"], {
    cwd: bare,
    env: ENV,
    extendEnv: false,
    input: text.join(""),
  });
  await git(bare, "repack", "-adq");
}

async function addCommit(bare: string, round: number): Promise<void> {
  const tip = await git(bare, "rev-parse", "main");
  const input = `${commitHead(COMMITS + round, tip)}${fileChange(round, COMMITS + round)}\n`;
  await execa("git", ["fast-import", "--quiet"], { cwd: bare, env: ENV, extendEnv: false, input });
}

function commitHead(n: number, parent: string | null): string {
  const message = `Change number ${n}\n`;
  const head = `commit refs/heads/main\nmark :${n + 1}\ncommitter Bench <bench@example.org> ${1_700_000_000 + n} +0000\n`;
  return `${head}data ${message.length}\n${message}${parent ? `from ${parent}\n` : ""}`;
}

function fileChange(file: number, version: number): string {
  const lines = Array.from({ length: 20 + (file % 60) }, (_, line) => {
    const word = ((file + 1) * 2_654_435_761 + line * 40_503) % 4_294_967_296;
    return `export const value${line} = "${word.toString(36)}-${(word * 31).toString(36)}";`;
  });
  lines[file % lines.length] = `// version ${version}`;
  const content = `${lines.join("\n")}\n`;
  return `M 644 inline src/part${file % 100}/group${Math.floor(file / 100) % 10}/file${file}.ts\ndata ${content.length}\n${content}`;
}

function room(name: string, spares: boolean): Workspaces {
  return createWorkspaces({
    root: join(dir, name, "workspace"),
    mirrors: join(dir, name, "mirrors"),
    author: { name: "Bench", email: "bench@example.org" },
    signing: null,
    now: Date.now,
    path: ENV.PATH,
    spares,
    network: {},
    warn: (message) => console.error(message),
  });
}

/** From the trigger to the moment the agent could start; then everything in the background is awaited. */
async function start(workspaces: Workspaces, issue: number, credential: GitCredential): Promise<number> {
  const { signal } = new AbortController();
  const request = { run: runOf(issue), defaultBranch: "main", credential, pull: null, signal, keep: false };
  const ms = await timed(() => workspaces.prepare(request));
  await workspaces.idle();
  return ms;
}

async function clone({ url }: GitCredential, into: string): Promise<void> {
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`bench:${TOKEN}`).toString("base64")}`;
  await git(dir, "-c", header, "clone", "-q", url, into);
}

/** Writes the files of a clone, already in memory, to another folder. */
async function writeFloor(clone: string, into: string): Promise<number> {
  const paths = (await git(clone, "ls-files", "-z")).split("\0").filter(Boolean);
  const files: [string, Buffer][] = [];
  for (const path of paths) files.push([join(into, path), await readFile(join(clone, path))]);
  for (const folder of new Set(files.map(([path]) => dirname(path))))
    await mkdir(folder, { recursive: true });
  return await timed(async () => {
    const queue = files.values();
    const writer = async () => {
      for (const [path, content] of queue) await writeFile(path, content);
    };
    await Promise.all(Array.from({ length: 8 }, writer));
  });
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { cwd, env: ENV, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function runOf(issue: number): Run {
  const by = { id: 1, login: "ann" };
  const request = { agent: "codex", task: "", template: "coding", plan: null, variables: {}, persona: null };
  return {
    id: `run-${issue}`,
    repo: { forge: "local", owner: "acme", name: "big" },
    issue: { number: issue, isPull: false, title: "Bench", body: "", author: by, labels: [], url: "" },
    trigger: { kind: "label", by, commentId: null, label: "dispatch:codex", at: 0 },
    request: { ...request, branch: null, tag: null, timeoutMs: null },
    pool: "codex",
    model: null,
    priority: 0,
    state: "preparing",
    attempt: 1,
    createdAt: 0,
    queuedAt: 0,
    startedAt: null,
    endedAt: null,
    agentMs: 0,
    workspace: null,
    handle: null,
    session: null,
    outcome: null,
    report: null,
    answers: [],
    statusComment: null,
    cancelledBy: null,
  };
}
