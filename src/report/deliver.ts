/**
 * Does one effect on its forge. A text carries an invisible marker made from the effect's key; when an effect may
 * have been done before, the bot's own comments and reviews are searched for the marker first. Reactions, labels,
 * edits may be repeated without harm; for time entries the forge's adapter looks. A review that the forge refuses is said as a comment instead.
 */
import { createHash } from "node:crypto";
import type { Logger } from "pino";
import type { Forge } from "../forges/forge.ts";
import type { Effect } from "../model/effect.ts";
import { ForgeError } from "../model/errors.ts";
import { repoName } from "../model/run.ts";
import { unmarked } from "../model/secret-forms.ts";
import type { Store } from "../store/store.ts";
import type { Hold } from "./hold.ts";
import { secretHeldBack } from "./messages.ts";

/** What forges accept in one comment. */
const BODY_MOST = 65_536;

export interface DeliverOptions {
  readonly store: Store;
  readonly redact: (text: string) => string;
  /** The name of a secret that the text holds, or null. */
  readonly findSecret: (text: string) => string | null;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
}

/** Returns what the forge calls the result, or null. Throws ForgeError, also when the hold ends before all is done. */
export async function deliver(
  effect: Effect,
  forge: Forge,
  options: DeliverOptions,
  hold: Hold,
): Promise<string | null> {
  const { repo, issue, action } = effect;
  hold.assertHeld();
  switch (action.kind) {
    case "comment":
      return await say(effect, safeBody(action.body, effect, options), forge, hold);
    case "status":
      return await showStatus(effect, safeBody(action.body, effect, options), forge, options, hold);
    case "review":
      return await sayReview(effect, safeBody(action.body, effect, options), forge, options, hold);
    case "react":
      await forge.react(repo, issue, action.commentId, action.reaction);
      return null;
    case "unlabel":
      await forge.removeLabel(repo, issue, action.label, hold.assertHeld);
      return null;
    case "stopwatch":
      await forge.startStopwatch(repo, issue, hold.assertHeld);
      return null;
    case "time": {
      const { kind: _, ...entry } = action;
      return await forge.bookTime(repo, issue, { ...entry, key: effect.key }, hold.assertHeld);
    }
  }
}

/** What no later try can mend. A wrong token (401) can be mended by the admin; without a status nobody refused. */
export function isRefused(error: unknown): error is ForgeError {
  return error instanceof ForgeError && !error.retryable && error.status > 0 && error.status !== 401;
}

async function say(effect: Effect, body: string, forge: Forge, hold: Hold): Promise<string> {
  const found = effect.tries > 0 ? await findOwn(effect, forge) : null;
  return found ?? (await post(effect, body, forge, hold));
}

/** A new comment. */
async function post({ repo, issue }: Effect, body: string, forge: Forge, hold: Hold): Promise<string> {
  return await forge.comment(repo, issue, body, hold.assertHeld);
}

/** A review is a run's answer, so it is said one way or the other. */
async function sayReview(
  effect: Effect,
  body: string,
  forge: Forge,
  { log }: DeliverOptions,
  hold: Hold,
): Promise<string> {
  if (effect.tries > 0) {
    const found = (await findOwnReview(effect, forge)) ?? (await findOwn(effect, forge));
    if (found !== null) return found;
  }
  try {
    return await forge.review(effect.repo, effect.issue, body, hold.assertHeld);
  } catch (error) {
    if (!isRefused(error)) throw error;
    log.warn({ ...told(effect), reason: error.message }, "a review was refused; it is posted as a comment");
    return await post(effect, body, forge, hold);
  }
}

/** Edits the run's status comment; makes one when there is none, or a person deleted it. */
async function showStatus(
  effect: Effect,
  body: string,
  forge: Forge,
  { store }: DeliverOptions,
  hold: Hold,
): Promise<string> {
  const run = effect.runId === null ? null : await store.run(effect.runId);
  const known = run?.statusComment ?? null;
  if (known !== null && (await edit(effect, known, body, forge, hold))) return known;
  // One that took the place of a deleted one may not have been recorded.
  const found = effect.tries > 0 ? await findOwn(effect, forge) : null;
  if (found !== null && found !== known && (await edit(effect, found, body, forge, hold))) return found;
  return await post(effect, body, forge, hold);
}

/** False when there is no such comment any more. */
async function edit(
  { repo }: Effect,
  commentId: string,
  body: string,
  forge: Forge,
  hold: Hold,
): Promise<boolean> {
  try {
    await forge.editComment(repo, commentId, body, hold.assertHeld);
    return true;
  } catch (error) {
    if (error instanceof ForgeError && (error.status === 404 || error.status === 410)) return false;
    throw error;
  }
}

async function findOwn(effect: Effect, forge: Forge): Promise<string | null> {
  const self = await forge.self();
  const comments = await forge.comments(effect.repo, effect.issue);
  const own = comments.findLast(({ author, body }) => author.id === self.id && body.includes(marker(effect)));
  return own?.id ?? null;
}

async function findOwnReview(effect: Effect, forge: Forge): Promise<string | null> {
  const self = await forge.self();
  const reviews = await forge.reviews(effect.repo, effect.issue);
  const own = reviews.find(({ author, body }) => author.id === self.id && body.includes(marker(effect)));
  return own?.id ?? null;
}

/** A status comment is its run's, whichever effect made it. */
function marker(effect: Effect): string {
  const key =
    effect.action.kind === "status" && effect.runId !== null ? `status:${effect.runId}` : effect.key;
  return `<!-- agent-dispatch:effect=${createHash("sha256").update(key).digest("hex").slice(0, 32)} -->`;
}

/** Without secrets, with the marker, and no longer than a forge takes. Held back whole only if taking them out fails. */
function safeBody(body: string, effect: Effect, { findSecret, redact, log }: DeliverOptions): string {
  const search = (text: string) => findSecret(text) ?? findSecret(unmarked(text));
  const secret = search(body);
  if (secret !== null) {
    log.error(
      { ...told(effect), secret },
      "a comment held a secret; it is posted without it: renew that secret",
    );
  }
  const ending = `\n\n${marker(effect)}`;
  const redacted = redact(body);
  const text = search(redacted) === null ? redacted : secretHeldBack();
  return `${text.slice(0, BODY_MOST - ending.length).toWellFormed()}${ending}`;
}

/** What a line of the log says of an effect. */
export function told({ repo, issue, runId, action, key }: Effect): Record<string, unknown> {
  return { forge: repo.forge, repo: repoName(repo), issue, run: runId, effect: action.kind, key };
}
