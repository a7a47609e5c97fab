/**
 * Runs git: argv only, never a shell, with an environment of its own. Nothing of the server's environment, the
 * user's or the machine's git configuration, or a repository's hooks reaches it, and a credential lives for one
 * command, in its environment. It is only ever pointed at repositories the bot made and no agent has written to.
 */
import { setPriority } from "node:os";
import type { Readable } from "node:stream";
import { execa } from "execa";
import type { GitCredential } from "../forges/forge.ts";
import { explain } from "./explain.ts";
import { tooMuch } from "./limits.ts";

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const KILL_AFTER_MS = 2_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const LOW_PRIORITY = 10;

/** For what an agent wrote. A fixed line with the arguments as its parameters: no shell reads any of them. */
const LIMITED = 'ulimit -v 4194304 2>/dev/null; ulimit -f 16777216; exec git "$@"';
const UNTRUSTED_TIMEOUT_MS = 5 * 60_000;
/** Keeps git's own appetite far below the limit on any machine, and its eyes off indexes that could lie. */
export const UNTRUSTED_CONFIG: Readonly<Record<string, string>> = {
  "core.bigFileThreshold": "32m",
  "core.packedGitWindowSize": "32m",
  "core.packedGitLimit": "512m",
  "core.deltaBaseCacheLimit": "96m",
  "core.commitGraph": "false",
  "core.multiPackIndex": "false",
  "pack.threads": "2",
  "pack.windowMemory": "128m",
  "pack.useBitmaps": "false",
  "pack.readReverseIndex": "false",
  "index.threads": "2",
};

/** Each is there because git would otherwise run a program, or fetch something, that the repository chose. */
const SAFE_CONFIG: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.askPass": "",
  "core.protectHFS": "true",
  "core.protectNTFS": "true",
  "core.quotePath": "false",
  "credential.helper": "",
  "protocol.ext.allow": "never",
  "fetch.recurseSubmodules": "false",
  "submodule.recurse": "false",
  "push.recurseSubmodules": "no",
  "push.followTags": "false",
  "diff.ignoreSubmodules": "all",
  "commit.gpgSign": "false",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "http.lowSpeedLimit": "1000",
  "http.lowSpeedTime": "60",
  "safe.directory": "*",
  "advice.detachedHead": "false",
};

export interface GitCall {
  /** Where it runs; a repository or any folder. */
  readonly cwd: string;
  /** Sets GIT_DIR, GIT_WORK_TREE and GIT_INDEX_FILE, so that nothing is looked up from `cwd`. */
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly index?: string;
  /** More settings for this command. */
  readonly config?: Readonly<Record<string, string>>;
  /** Sent as a header to its own URL by this command alone. */
  readonly credential?: GitCredential;
  readonly input?: string | Uint8Array;
  /** More variables: identities and dates of a commit. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers, besides 0. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** It reads what an agent wrote: bounded in time, memory and what it may write, and an OverLimit beyond. */
  readonly untrusted?: boolean;
  /** Only whether it prints no more than so many bytes is asked: they are counted and not kept. */
  readonly noMoreThan?: number;
  /** Lets the machine's other work go first. */
  readonly background?: boolean;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly text: string;
}

/**
 * Rejects with the signal's reason when aborted, with a Refusal when a person can mend the cause (`explain.ts`), and
 * with a GitError otherwise.
 */
export type Git = (args: readonly [string, ...string[]], call: GitCall) => Promise<GitAnswer>;

export interface GitOptions {
  readonly path: string;
  /** Proxy and CA variables for the network. */
  readonly network: Readonly<Record<string, string>>;
}

export function createGit(options: GitOptions): Git {
  return async (args, call) => {
    call.signal?.throwIfAborted();
    const limits = call.untrusted ? UNTRUSTED_CONFIG : {};
    const config = Object.entries({ ...SAFE_CONFIG, ...limits, ...call.config });
    const given = [...config.flatMap(([key, value]) => ["-c", `${key}=${value}`]), ...args];
    const [program, argv] = call.untrusted ? ["/bin/sh", ["-c", LIMITED, "git", ...given]] : ["git", given];
    const child = execa(program, argv, {
      cwd: call.cwd,
      env: environment(options, call),
      extendEnv: false,
      ...(call.input === undefined ? { stdin: "ignore" as const } : { input: call.input }),
      encoding: "buffer",
      stripFinalNewline: false,
      maxBuffer: MAX_OUTPUT_BYTES,
      buffer: call.noMoreThan === undefined,
      timeout: call.timeoutMs ?? (call.untrusted ? UNTRUSTED_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
      forceKillAfterDelay: KILL_AFTER_MS,
      killDescendants: true,
      reject: false,
      ...(call.signal ? { cancelSignal: call.signal } : {}),
    });
    if (call.background && child.pid !== undefined) lowerPriority(child.pid);
    const isOver = call.noMoreThan === undefined ? () => false : count(child, call.noMoreThan);
    const result = await child;
    if (isOver()) throw tooMuch(`running git ${args[0]}`);
    if (result.isCanceled) call.signal?.throwIfAborted();
    const code = result.exitCode ?? -1;
    if (code !== 0 && !call.accept?.includes(code)) throw explain(args[0], result, call);
    const stdout = Buffer.from(result.stdout ?? "");
    return { code, stdout, text: stdout.toString("utf8").trimEnd() };
  };
}

/** Ends it as soon as it prints more. */
function count(child: { readonly stdout: Readable; kill(signal: "SIGKILL"): unknown }, most: number) {
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= most) return;
    child.stdout.destroy();
    child.kill("SIGKILL");
  });
  return () => bytes > most;
}

function environment(options: GitOptions, call: GitCall): Record<string, string> {
  return {
    ...(call.credential ? options.network : {}),
    PATH: options.path,
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    // A remote is the forge over HTTP, or for the bot's own repositories a folder; no other transport exists.
    GIT_ALLOW_PROTOCOL: call.credential ? "http:https" : "file",
    ...(call.gitDir ? { GIT_DIR: call.gitDir } : {}),
    ...(call.workTree ? { GIT_WORK_TREE: call.workTree } : {}),
    ...(call.index ? { GIT_INDEX_FILE: call.index } : {}),
    ...(call.credential ? headerFor(call.credential) : {}),
    ...call.env,
  };
}

function headerFor(credential: GitCredential): Record<string, string> {
  const basic = Buffer.from(`${credential.username}:${credential.password}`).toString("base64");
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${credential.url}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, LOW_PRIORITY);
  } catch {
    // It has ended already.
  }
}
