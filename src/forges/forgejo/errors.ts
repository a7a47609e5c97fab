/** Turns what the client throws into a ForgeError that names the action, the instance and the fix. Never a token. */
import { ForgeError, messageOf } from "../../model/errors.ts";
import { causeOf } from "../while-ours.ts";

export interface ErrorContext {
  /** What was being done: "posting a comment on owner/name#1". */
  readonly action: string;
  readonly host: string;
  /** Blanked wherever it might stand in a reply. */
  readonly token: string;
  now(): number;
}

const FIXES: Readonly<Record<number, string>> = {
  401: "the bot's token is not accepted; make a new one under Settings → Applications and put it in the configuration",
  403: "the bot's account or its token's scopes do not allow it; give the account write access and the token write:issue, write:repository and read:user",
  404: "there is no such thing, or the bot's account cannot see it; invite the account to the repository",
  413: "it is too large for the instance; its administrator can raise the limit",
  429: "too many requests; it is tried again later",
};
const LONGEST_WORDS = 300;

export function forgeError(error: unknown, context: ErrorContext): ForgeError {
  const known = causeOf(error, ForgeError);
  if (known) return known;
  const reply = replyOf(error);
  if (reply === null) return unreachable(error, context);
  return refused(reply.status, reply.headers, wordsOf(reply.data), context);
}

/** The HTTP status of an error, 0 when it has none. */
export function statusOf(error: unknown): number {
  return error instanceof ForgeError ? error.status : 0;
}

/** True for what concerns what was asked for: neither the token nor a limit, which concern everything. */
export function concernsOne(error: unknown): error is ForgeError {
  return error instanceof ForgeError && error.status !== 401 && error.status !== 429;
}

interface RefusedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

/** Octokit gives network failures a status of 500 too; only a true answer has a response. */
function replyOf(error: unknown): RefusedReply | null {
  const isRefusal = error instanceof Error && "response" in error && error.response;
  return isRefusal ? (error.response as RefusedReply) : null;
}

function refused(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  words: string,
  { action, host, token, now }: ErrorContext,
): ForgeError {
  const said = words === "" ? "" : ` (${words.replaceAll(token, "***").slice(0, LONGEST_WORDS)})`;
  const fix = FIXES[status] ?? (status >= 500 ? "the forge is in trouble; it is tried again later" : "");
  const message = `${action}: ${host} answered ${status}${said}${fix === "" ? "" : `; ${fix}`}`;
  const retryable = status >= 500 || status === 429 || status === 408;
  return new ForgeError(
    message,
    status,
    retryable,
    retryable ? retryAfter(headers["retry-after"], now()) : null,
  );
}

function unreachable(error: unknown, { action, host, token }: ErrorContext): ForgeError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const isTimeout = cause instanceof Error && ["TimeoutError", "AbortError"].includes(cause.name);
  const why = isTimeout ? "it did not answer in time" : messageOf(error).replaceAll(token, "***");
  const message = `${action}: ${host} cannot be reached: ${why}; check the address and the network`;
  return new ForgeError(message, 0, true, null);
}

function wordsOf(data: unknown): string {
  const message = typeof data === "object" && data !== null && "message" in data ? data.message : "";
  return typeof message === "string" ? message : "";
}

/** Seconds or a date, as milliseconds from now. */
function retryAfter(value: unknown, now: number): number | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(String(value)) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
