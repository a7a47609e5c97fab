/** What the bot makes of a command: changes for the store, and effects for the forge, settled in one transaction. */
import type { Forge } from "../forges/forge.ts";
import type { NewEffect, Reaction } from "../model/effect.ts";
import type { Event } from "../model/event.ts";
import type { Trigger } from "../model/run.ts";
import type { Change } from "../store/store.ts";

export interface Request {
  readonly event: Event;
  readonly forge: Forge;
  readonly trigger: Trigger;
  /** An earlier command of the same comment ended the issue's run. */
  readonly freed: boolean;
  /** How an earlier command of the same comment moved the issue's run: what the store says of it no longer holds. */
  readonly moved: Change["kind"] | null;
}

export interface Response {
  readonly changes: readonly Change[];
  readonly effects: readonly NewEffect[];
  /** The issue's run ends with this settlement: a later command of the same comment may begin another. */
  readonly freed?: true;
  /** The command was read and not accepted; what is said of it is the reason. */
  readonly refused?: true;
  /** What went wrong meanwhile and is not told on the issue: for the log. */
  readonly troubles?: readonly string[];
}

export const nothing: Response = { changes: [], effects: [] };

export function join(...parts: readonly Response[]): Response {
  return {
    changes: parts.flatMap((part) => part.changes),
    effects: parts.flatMap((part) => part.effects),
    troubles: parts.flatMap((part) => part.troubles ?? []),
  };
}

/** A comment in reply. `about` tells several replies to one event apart. */
export function reply({ event }: Request, about: string, body: string): Response {
  const { repo, issue, key } = event;
  const action = { kind: "comment", body } as const;
  return {
    changes: [],
    effects: [{ repo, issue: issue.number, runId: null, key: `reply:${about}:${key}`, action }],
  };
}

/** The reply to a command that is not accepted. */
export function refuse(request: Request, about: string, body: string): Response {
  return { ...reply(request, about, body), refused: true };
}

/** On the comment that commanded; a label has nothing to react to but the issue, which stays as it is. */
export function react({ event, trigger }: Request, reaction: Reaction): Response {
  if (trigger.commentId === null) return nothing;
  const { repo, issue, key } = event;
  const action = { kind: "react", commentId: trigger.commentId, reaction } as const;
  return {
    changes: [],
    effects: [{ repo, issue: issue.number, runId: null, key: `react:${reaction}:${key}`, action }],
  };
}
