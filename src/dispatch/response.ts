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
}

export interface Response {
  readonly changes: readonly Change[];
  readonly effects: readonly NewEffect[];
  /** The issue's run ends with this settlement: a later command of the same comment may begin another. */
  readonly freed?: true;
}

export const nothing: Response = { changes: [], effects: [] };

export function join(...parts: readonly Response[]): Response {
  return {
    changes: parts.flatMap((part) => part.changes),
    effects: parts.flatMap((part) => part.effects),
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
