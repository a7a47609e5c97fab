/**
 * GitHub on the loopback: the emulator, and in front of it what it lacks (reactions, real git, refusals, permissions,
 * whole and signed webhooks, failures on demand), with every request of the bot checked against GitHub's own
 * description. Not for people: accounts hold any password they like, and all repositories are public.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitHttp } from "../../../src/demo/forge/git-http.ts";
import type { FailOptions, ForgeWorld } from "../forge-world.ts";
import { type ApiReply, asked } from "./api.ts";
import { Authority } from "./authority.ts";
import { loadContract } from "./contract.ts";
import { deliveryLogPart } from "./delivery-log-part.ts";
import { type Account, Directory } from "./directory.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { Faults } from "./faults.ts";
import { withTrueShas } from "./git-part.ts";
import { GitStore } from "./git-store.ts";
import { History } from "./history.ts";
import { Hooks } from "./hooks.ts";
import { listsPart } from "./lists-part.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { seat, seatApp } from "./seats.ts";
import { HOOK_PATH, type RunningServer, type ServerParts, startServer } from "./server.ts";
import { createWorld } from "./world.ts";

/** Paths whose changes are told by webhooks that the App subscribes to. */
const TOLD = /^\/repos\/[^/]+\/[^/]+\/(?:issues|pulls)(?:\/\d+|\/comments\/\d+)?(?:\/comments|\/labels.*)?$/;

/** A ForgeWorld with what only GitHub has. */
export interface FakeGithub extends ForgeWorld {
  /** The account's name changes; its id stays. */
  rename(login: string, to: string): void;
  /** An organisation's team; the organisation is made when there is none. */
  createTeam(org: string, team: string, members: readonly string[]): Promise<void>;
  checkRuns(repo: string, sha: string): readonly unknown[];
  /** From now on this repository's plan has no draft pull requests. */
  withoutDrafts(repo: string): void;
  /** As `fail`, with GitHub's own words in the answer. */
  failWith(message: string, method: string, path: RegExp, status: number, options?: FailOptions): () => void;
  /** Answers with this body, for what the fake itself cannot come to. Returns its end. */
  answer(method: string, path: RegExp, status: number, body: unknown, options?: FailOptions): () => void;
  /** Lets something happen before the nth request of this path from now is answered. */
  before(nth: number, path: RegExp, happen: () => Promise<void>): void;
  /** From now on the log holds no payload of this delivery. */
  forgetPayload(guid: string): void;
  /** The bot's token is void, or the App's key. */
  revoke(): void;
  /** The App is uninstalled by the owner, suspended, or installed again (as another installation). */
  uninstall(owner: string): void;
  install(owner: string): void;
  /** By all owners when null. */
  suspend(owner: string | null): void;
  unsuspend(owner: string | null): void;
  /** API requests so far, `GET /app`. */
  requests(): readonly string[];
}

/** Everything the fake is made of. */
export interface Fake {
  readonly as: "app" | "token";
  readonly url: string;
  readonly bot: Account;
  readonly emulator: Emulator;
  readonly directory: Directory;
  readonly git: GitStore;
  readonly pipeline: Pipeline;
  readonly hooks: Hooks;
  readonly faults: Faults;
  readonly draftless: Set<string>;
  readonly violations: string[];
  readonly requests: string[];
  readonly authority: Authority;
  readonly emptied: Set<string>;
  close(): Promise<void>;
}

/** `as` is what the bot is: a GitHub App, or a user with a token. */
export async function startFakeGithub(options: { as?: "app" | "token" } = {}): Promise<FakeGithub> {
  return createWorld(await assemble(options.as ?? "app"));
}

async function assemble(as: "app" | "token"): Promise<Fake> {
  let parts: ServerParts | null = null;
  const server = await startServer(() => {
    if (parts === null) throw new Error("it is not ready yet");
    return parts;
  });
  const { url } = server;
  const directory = new Directory();
  const emulator = await startEmulator(directory, url, `${url}${HOOK_PATH}`);
  const git = new GitStore(await mkdtemp(join(tmpdir(), "fake-github-")));
  const draftless = new Set<string>();
  const reader = await seat(directory, emulator, "fake-reader");
  const history = new History();
  const hooks = new Hooks({
    isApp: as === "app",
    pull: (repo, number) => readPull(emulator, git, reader, repo, number),
    happened: (event, payload) => history.take(event, payload),
  });
  const ordered = inOrder(emulator, hooks);
  const authority = new Authority(directory);
  const emptied = new Set<string>();
  const more = [
    deliveryLogPart({ hooks, url, emptied }),
    listsPart({ emulator, directory, history, settled: () => hooks.settled(), url }),
  ];
  const pipeline = createPipeline({ git, emulator: ordered, draftless, directory, url, authority, more });
  const faults = new Faults();
  const seen = { violations: [], requests: [] };
  parts = {
    git: gitPart(git, directory),
    hook: hookPart(hooks, directory, url),
    api: apiPart(pipeline, faults, seen),
  };
  const bot =
    as === "token"
      ? await seat(directory, emulator, "dispatch-bot")
      : await seatApp(directory, ordered, reader);
  const close = () => closeAll(server, emulator, git, hooks);
  const made = {
    as,
    url,
    bot,
    emulator,
    directory,
    git,
    pipeline,
    hooks,
    faults,
    draftless,
    authority,
    emptied,
  };
  return { ...made, ...seen, close };
}

/** What is told as a webhook is told before the next thing happens: the emulator alone would mix them up. */
function inOrder(emulator: Emulator, hooks: Hooks): Emulator {
  return {
    ...emulator,
    async request(request) {
      const isTold = request.method !== "GET" && TOLD.test(request.path);
      const told = isTold ? hooks.next() : null;
      const answer = await emulator.request(request);
      if (answer.status < 300) await told;
      return answer;
    },
  };
}

async function closeAll(
  server: RunningServer,
  emulator: Emulator,
  git: GitStore,
  hooks: Hooks,
): Promise<void> {
  await hooks.close();
  await Promise.all([server.close(), emulator.close()]);
  await rm(git.root, { recursive: true, force: true, maxRetries: 3 });
}

function gitPart(git: GitStore, directory: Directory): ServerParts["git"] {
  return gitHttp({
    root: git.root,
    pushed: ({ owner, repo }) => void git.follow(`${owner}/${repo}`),
    authorize({ password, owner, repo, write }) {
      const account = directory.byToken(password);
      const level = account && directory.level(`${owner}/${repo}`, account.login);
      if (level === "write" || level === "admin" || directory.opens(password, owner, repo)) return "ok";
      if (!directory.knows(password)) return "unauthorized";
      return write ? "forbidden" : "ok";
    },
  });
}

function hookPart(hooks: Hooks, directory: Directory, url: string): ServerParts["hook"] {
  return (event, payload) => {
    const text = JSON.stringify(directory.toLogins(payload)).replaceAll(/http:\/\/localhost:\d+/g, url);
    hooks.relay(event, JSON.parse(text));
  };
}

function apiPart(
  pipeline: Pipeline,
  faults: Faults,
  seen: { readonly violations: string[]; readonly requests: string[] },
): ServerParts["api"] {
  const contract = loadContract();
  return async (request, response) => {
    seen.requests.push(`${request.method} ${request.path}`);
    seen.violations.push(...contract(request));
    await faults.interrupt(request.path);
    if (faults.holds(request.path, response)) return null;
    return faults.answerFor(request.method, request.path) ?? (await pipeline.handle(request));
  };
}

async function readPull(
  emulator: Emulator,
  git: GitStore,
  reader: Account,
  repo: string,
  number: number,
): Promise<unknown> {
  const answer: ApiReply = await emulator.request(
    asked("GET", `/repos/${repo}/pulls/${number}`, reader.token),
  );
  return answer.status === 200 ? await withTrueShas(git, answer.body) : null;
}
