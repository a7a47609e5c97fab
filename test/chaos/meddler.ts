/**
 * People who change their minds: they edit what was read already, delete what they said, put a second label beside the
 * first, take one off, and put one on again. What of it is a command is written down as one; the rest must do nothing.
 */
import type { LocalForge } from "../../src/demo/forge/local-forge.ts";
import type { Command, CommandKind } from "./facts.ts";
import type { Random } from "./random.ts";
import { WRITERS } from "./stage.ts";

export interface MeddlerOptions {
  readonly forge: LocalForge;
  readonly bot: string;
  readonly random: Random;
  readonly now: () => number;
  /** All commands so far: added to, and marked as deleted. */
  readonly commands: Command[];
}

export interface Place {
  readonly repo: string;
  readonly number: number;
}

const ACTS = { edit: 4, remove: 3, label: 4, takeOff: 3, again: 5 } as const;
const SNEAKED = ["/dispatch chaos:commit-50 Sneaked in.", "/dispatch cancel", "/dispatch retry"];
/** A cancel that nobody can see any more would be waited for. */
const DELETED: readonly CommandKind[] = ["dispatch", "query", "nonsense", "retry", "answer"];
/** Of these it can be told afterwards whether they were served, even by one who did not see it. */
const DELETED_UNSEEN: readonly CommandKind[] = ["dispatch", "query", "nonsense"];
/** Times of labels are told in whole seconds, and what the bot does may be on its way. */
const REST_MS = 3000;

/** Does one such thing on this issue, when there is something to do it to. */
export function createMeddler(options: MeddlerOptions): (place: Place) => void {
  const { forge, random, commands } = options;
  const acts = {
    edit(place: Place): void {
      const read = commentsOn(place, options).filter(
        ({ command, reactions }) => command.mayWrite && reactions.length > 0,
      );
      if (read.length === 0) return;
      const { command } = random.pick(read);
      forge.editComment(place.repo, Number(command.ref), random.pick(WRITERS), random.pick(SNEAKED));
    },
    remove(place: Place): void {
      const own = commentsOn(place, options).filter(
        ({ command: { kind, mayWrite }, reactions }) =>
          mayWrite && (reactions.length > 0 ? DELETED : DELETED_UNSEEN).includes(kind),
      );
      if (own.length === 0) return;
      const { command, reactions } = random.pick(own);
      const { comments } = forge.issue(place.repo, place.number);
      comments.splice(
        comments.findIndex(({ id }) => String(id) === command.ref),
        1,
      );
      commands[commands.indexOf(command)] = { ...command, deleted: reactions };
    },
    label(place: Place): void {
      const label = `dispatch:chaos:commit-${random.between(50, 900)}`;
      if (!labelsOf(place, options).includes(label)) putOn(place, label, false, options);
    },
    takeOff(place: Place): void {
      const on = forge.issue(place.repo, place.number).labels.map(({ name }) => name);
      const ours = labelsOf(place, options).filter((label) => on.includes(label));
      if (ours.length === 0) return;
      const label = random.pick(ours);
      forge.removeLabel(place.repo, place.number, random.pick(WRITERS), label);
      const issue = `${place.repo}#${place.number}`;
      const index = commands.findLastIndex((one) => one.issue === issue && one.ref === label);
      commands[index] = { ...commands[index]!, fleeting: true };
    },
    again(place: Place): void {
      const off = labelsOf(place, options).flatMap((label) => restingSince(place, label, options) ?? []);
      if (off.length === 0) return;
      const { label, byBot } = random.pick(off);
      putOn(place, label, !byBot, options);
    },
  };
  return (place) => acts[random.weighted(ACTS)](place);
}

function commentsOn({ repo, number }: Place, { forge, bot, commands }: MeddlerOptions) {
  const { comments } = forge.issue(repo, number);
  return commands.flatMap((command) => {
    if (command.issue !== `${repo}#${number}` || command.kind === "label" || command.deleted) return [];
    const comment = comments.find(({ id }) => String(id) === command.ref);
    if (!comment) return [];
    return [
      {
        command,
        reactions: comment.reactions.filter(({ by }) => by.login === bot).map(({ content }) => content),
      },
    ];
  });
}

/** Those that were ever put on this issue to command. */
function labelsOf({ repo, number }: Place, { commands }: MeddlerOptions): readonly string[] {
  const own = commands.filter(({ kind, issue }) => kind === "label" && issue === `${repo}#${number}`);
  return [...new Set(own.map(({ ref }) => ref))];
}

/** Null when it is on, or was taken off just now. */
function restingSince({ repo, number }: Place, label: string, { forge, bot, now }: MeddlerOptions) {
  const last = forge.issue(repo, number).history.findLast((entry) => entry.label?.name === label);
  if (!last || last.added || now() - last.at < REST_MS) return null;
  return { label, byBot: last.by.login === bot };
}

/** The bot takes a label off when its run has ended; when a person did, that run may be at work. */
function putOn(
  place: Place,
  label: string,
  fleeting: boolean,
  { forge, random, now, commands }: MeddlerOptions,
): void {
  const { repo, number } = place;
  forge.addLabel(repo, number, random.pick(WRITERS), label);
  const command = {
    kind: "label",
    issue: `${repo}#${number}`,
    ref: label,
    mayWrite: true,
    at: now(),
  } as const;
  commands.push(fleeting ? { ...command, fleeting } : command);
}
