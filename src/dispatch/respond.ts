/**
 * What one event asks of us, and what we make of it: changes for the store and words for the issue. Reads the store
 * and asks the forge; writes nothing, so it can be done again.
 */
import type { Forge } from "../forges/forge.ts";
import type { Command, CommandError } from "../model/command.ts";
import type { NewEffect } from "../model/effect.ts";
import type { CommentCreated, Event, IssueClosed, LabelsChanged } from "../model/event.ts";
import type { Trigger } from "../model/run.ts";
import type { Change } from "../store/store.ts";
import type { CommandDeps, Request, Response } from "./commands.ts";
import { act, nothing } from "./commands.ts";
import { commandEffects, finalAnswer } from "./effects.ts";

export type Respond = (event: Event, forge: Forge) => Promise<Response>;

export interface RespondDeps extends CommandDeps {
  readonly parseComment: (body: string) => readonly (Command | CommandError)[];
  readonly parseLabel: (label: string) => { readonly agent: string } | null;
}

export function createRespond(deps: RespondDeps): Respond {
  return async (event, forge) => {
    // The bot's own comments and labels come back as webhooks; so may a mirror account's of the same token.
    if (event.by.id === (await forge.self()).id) return nothing;
    if (event.kind === "comment") return await onComment(event, forge, deps);
    if (event.kind === "labels") return await onLabels(event, forge, deps);
    return await onClosed(event, deps);
  };
}
