/**
 * From what Octokit throws to a ForgeError: what we were doing, what GitHub said, and what would mend it.
 * Octokit's own errors carry the request with its headers, so they are never passed on as they are: only their text.
 */
import { ForgeError, messageOf, Refusal } from "../../model/errors.ts";
import { causeOf } from "../while-ours.ts";

export interface ErrorContext {
  /** What we were doing, with its object: "commenting on o/r#5". */
  readonly action: string;
  readonly as: "app" | "token";
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** GitHub asks for a minute's pause after a secondary limit that comes without a time. */
const SECONDARY_PAUSE_MS = 60_000;

/** Turns any error of a request into a ForgeError; a Refusal or ForgeError stays what it is. */
export function toForgeError(error: unknown, context: ErrorContext): Error {
  const known = causeOf(error, ForgeError) ?? causeOf(error, Refusal);
  if (known) return known;
  const answer = answerOf(error);
  const said = withoutTokens(textOf(error));
  if (answer === null && isUnreached(error)) {
    return new ForgeError(`${context.action}: GitHub could not be reached (${said})`, 0, true);
  }
  // Not GitHub's doing: a key that cannot be read, or a fault of ours. Trying again would not help.
  if (answer === null) return new ForgeError(`${context.action}: ${said}`, 0, false, null, { cause: error });
  const wait = limitWait(answer, said, context.now);
  const limited = wait !== undefined;
  const retryable = limited || answer.status >= 500 || answer.status === 408;
  const fix = limited ? null : fixFor(answer, said, pathOf(error), context);
  const message = `${context.action}: GitHub answered ${answer.status}: ${said}${fix ? `; ${fix}` : ""}`;
  return new ForgeError(message, answer.status, retryable, wait ?? retryAfter(answer, context.now));
}

/** The HTTP status of an error of Octokit's; null when GitHub gave no answer. */
export function statusOf(error: unknown): number | null {
  return answerOf(error)?.status ?? null;
}

/** Octokit wraps what goes wrong on the network in an error of its own; a time-out is ours. */
function isUnreached(error: unknown): boolean {
  return error instanceof Error && ["HttpError", "AbortError", "TimeoutError"].includes(error.name);
}

function answerOf(error: unknown): Answer | null {
  if (!(error instanceof Error) || !("response" in error)) return null;
  const response = error.response;
  if (typeof response !== "object" || response === null) return null;
  if (!("status" in response) || typeof response.status !== "number") return null;
  const headers = "headers" in response && typeof response.headers === "object" ? response.headers : {};
  return { status: response.status, headers: { ...headers } };
}

function textOf(error: unknown): string {
  const text = messageOf(error).replace(/ - https:\/\/\S+$/, "");
  return text.split("\n")[0]?.slice(0, 500) || "no reason given";
}

function withoutTokens(text: string): string {
  return text.replace(
    /\b(?:gh[a-z]_\w+|github_pat_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]+|v\d\.[0-9a-f]{40})/g,
    "[hidden]",
  );
}

/** Milliseconds to wait when this is a rate limit; undefined when it is none. */
function limitWait(answer: Answer, said: string, now: number): number | null | undefined {
  if (answer.status !== 429 && answer.status !== 403) return undefined;
  const told = retryAfter(answer, now);
  if (told !== null) return told;
  if (/secondary rate limit|abuse detection/i.test(said)) return SECONDARY_PAUSE_MS;
  return answer.status === 429 ? null : undefined;
}

function retryAfter(answer: Answer, now: number): number | null {
  const after = answer.headers["retry-after"];
  if (after !== undefined) {
    const seconds = Number(after);
    const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(String(after)) - now;
    return Number.isFinite(ms) ? Math.max(0, ms) : null;
  }
  if (String(answer.headers["x-ratelimit-remaining"]) !== "0") return null;
  const reset = Number(answer.headers["x-ratelimit-reset"]);
  return Number.isFinite(reset) ? Math.max(0, reset * 1000 - now) : null;
}

/** The request's, without the address before it; empty when the error does not tell. */
function pathOf(error: unknown): string {
  if (!(error instanceof Error) || !("request" in error)) return "";
  const request = error.request;
  if (typeof request !== "object" || request === null || !("url" in request)) return "";
  return typeof request.url === "string" ? request.url.replace(/^https?:\/\/[^/]+|\?.*$/g, "") : "";
}

function fixFor(answer: Answer, said: string, path: string, context: ErrorContext): string | null {
  const app = context.as === "app";
  if (answer.status === 401 || /integration not found/i.test(said)) return app ? NEW_KEY : NEW_TOKEN;
  if (answer.status === 403) return fixForForbidden(answer, said, app);
  if (answer.status !== 404) return null;
  // Asked for an installation, or for its token: there is none, whatever else is there.
  if (/\/installation$/.test(path)) return "check its name, or install the App on it";
  if (/\/access_tokens$/.test(path)) return "the App was uninstalled there: install it again";
  return app
    ? "check that it exists and that the App is installed on it"
    : "check that it exists and that the token may see it";
}

const NEW_KEY =
  "check the App's id and private key; make a new key when it was revoked, a new App when it was deleted";
const NEW_TOKEN = "the token is wrong, expired or revoked: make a new one";

function fixForForbidden(answer: Answer, said: string, app: boolean): string {
  if (/suspended/i.test(said)) {
    return app
      ? UNSUSPEND
      : "the bot's account is suspended: have it restored, or use another account's token";
  }
  if (/SAML/.test(said)) return "authorise the token for the organisation's single sign-on";
  const needed = answer.headers["x-accepted-github-permissions"];
  const permissions = needed ? `the permission ${needed}` : "the permissions listed in app.yml";
  return app
    ? `give the App ${permissions} in its settings and accept them in the installation`
    : `give the token ${permissions}`;
}

/** An admin of the account does it, among its settings' installed Apps. */
export const UNSUSPEND = "unsuspend the App's installation in the settings of the account it is installed on";
