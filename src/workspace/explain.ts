/**
 * Why a git command failed, as a sentence that names the action and, where a person can mend it, the fix.
 * What it does not recognise is a GitError: ours to look at, with git's own last words, redacted and cut.
 */
import type { GitCredential } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import { tooMuch } from "./limits.ts";

const MAX_STDERR = 600;

/** Git failed for a reason no rule here knows. */
export class GitError extends Error {
  override readonly name = "GitError";
}

/** The forge did not answer git, or asked it to wait: that may pass by itself. */
export class NoAnswer extends Refusal {}

/** The forge refused what git asked for: all of it, or this repository alone. */
export class GitRefused extends Refusal {
  /** As HTTP has it. */
  readonly status: RefusedStatus;
  constructor(message: string, fix: string, status: RefusedStatus) {
    super(message, fix);
    this.status = status;
  }
}

type RefusedStatus = 401 | 403 | 404;

/** What a finished command tells. */
export interface GitEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
  readonly code?: string | undefined;
  /** Missing when it was not kept. */
  readonly stderr: Uint8Array | undefined;
}

/** What it was asked with. */
export interface GitAsked {
  readonly credential?: GitCredential | undefined;
  readonly untrusted?: boolean | undefined;
}

const OUT_OF_LIMIT =
  /out of memory|malloc|mmap failed|cannot allocate|file too large|unable to create .*thread|too deep/i;

/** Stopped for taking too long or printing too much, killed, or out of the memory it was given. */
function isOverLimit({ timedOut, isMaxBuffer, signal, stderr }: GitEnd): boolean {
  return (
    timedOut || isMaxBuffer || signal !== undefined || OUT_OF_LIMIT.test(Buffer.from(stderr ?? "").toString())
  );
}

interface Rule {
  readonly pattern: RegExp;
  readonly why: string;
  readonly fix: string;
  /** May pass by itself. */
  readonly passing?: true;
  readonly status?: RefusedStatus;
}

const RULES: readonly Rule[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    why: "the disk is full",
    fix: "Free some space where the bot keeps its workspaces, then /dispatch retry.",
  },
  {
    pattern: /read-only file system|permission denied(?! to )|could not create (?:leading|work tree)/i,
    why: "the bot may not write to its own folders",
    fix: "Give the bot's user the workspace and data folders, then /dispatch retry.",
  },
  {
    pattern: /protected branch|GH006|GH013|pre-receive hook declined|not allowed to push|push declined/i,
    why: "the forge's rules for this branch forbid it",
    fix: "Let the bot push to branches that begin with agent/ in the branch protection rules, then /dispatch retry.",
  },
  {
    pattern:
      /authentication failed|could not read (?:username|password)|terminal prompts disabled|error: 401/i,
    why: "the forge refused the bot's credentials",
    fix: "Check the token or the App's installation, then /dispatch retry.",
    status: 401,
  },
  {
    pattern: /error: 403|permission to .* denied|access denied/i,
    why: "the bot may not do this in the repository",
    fix: "Give the bot write access to the repository's contents, then /dispatch retry.",
    status: 403,
  },
  {
    pattern: /repository .*not found|error: 404/i,
    why: "the forge knows no such repository, or does not show it to the bot",
    fix: "Give the bot access to the repository, then /dispatch retry.",
    status: 404,
  },
  {
    pattern:
      /non-fast-forward|fetch first|\(stale info\)|cannot lock ref .* but expected|incorrect old value/i,
    why: "someone else has pushed to the branch in the meantime",
    fix: "Run /dispatch again, to work on the branch as it is now.",
  },
  {
    pattern: /couldn't find remote ref/i,
    why: "the branch or pull request is no longer on the forge",
    fix: "Check that it still exists.",
  },
  {
    pattern: /failed to sign|load key|unprotected private key|no private key|secret key not available/i,
    why: "the bot's commit could not be signed",
    fix: "Check git.signing_key in agents.yaml: a key without a passphrase, readable for the bot's user alone. Then /dispatch retry.",
  },
  {
    pattern: /cannot lock ref|failed to update ref/i,
    why: "another request is writing the same branch",
    fix: "Look at the branch on the forge, then /dispatch retry.",
    passing: true,
  },
  {
    pattern: /ssl certificate|certificate verif|server certificate/i,
    why: "the forge's certificate is not trusted",
    fix: "Add its authority to the system's, or set GIT_SSL_CAINFO for the bot.",
  },
  {
    pattern:
      /could not resolve|failed to connect|couldn't connect|connection (?:refused|reset|timed out)|network is unreachable|operation too slow|error: (?:429|5\d\d)|early eof|unexpected disconnect|hung up|empty reply/i,
    why: "the forge did not answer",
    fix: "Check that the bot's host can reach it, then /dispatch retry.",
    passing: true,
  },
];

/** The error for a failed `git <command>`. Secrets of `credential` and those in URLs are taken out of its text. */
export function explain(command: string, end: GitEnd, { credential, untrusted }: GitAsked = {}): Error {
  const action = `running git ${command}`;
  if (end.code === "ENOENT") {
    return new Refusal(`${action}: there is no executable git on PATH`, "Install git on the bot's host.");
  }
  if (untrusted && isOverLimit(end)) return tooMuch(action);
  if (end.timedOut) {
    return new Refusal(
      `${action}: it took too long`,
      "Check the network and the disk, then /dispatch retry.",
    );
  }
  const stderr = redact(Buffer.from(end.stderr ?? "").toString("utf8"), credential);
  const words = lastWords(stderr);
  const rule = RULES.find(({ pattern }) => pattern.test(stderr));
  if (rule) return ruled(`${action}: ${rule.why} (${words})`, rule);
  const how = end.isMaxBuffer ? "printed too much" : (end.signal ?? `exit ${end.exitCode ?? end.code}`);
  return new GitError(`${action}: ${how}${words ? `: ${words}` : ""}`);
}

function ruled(message: string, { fix, passing, status }: Rule): Refusal {
  if (status) return new GitRefused(message, fix, status);
  return new (passing ? NoAnswer : Refusal)(message, fix);
}

function redact(text: string, credential: GitCredential | undefined): string {
  const withoutUserInfo = text.replace(/(\w+:\/\/)[^\s/@]+@/g, "$1");
  if (!credential) return withoutUserInfo;
  const { username, password } = credential;
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return [password, encodeURIComponent(password), basic]
    .filter((secret) => secret !== "")
    .reduce((result, secret) => result.replaceAll(secret, "[redacted]"), withoutUserInfo);
}

/** The lines that say what is wrong; git puts them last, behind progress and hints. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).map((line) => line.trim());
  const telling = lines.filter((line) => line !== "" && !line.startsWith("hint:"));
  const words = telling.slice(-4).join("; ");
  return words.length > MAX_STDERR ? `…${words.slice(-MAX_STDERR)}` : words;
}
