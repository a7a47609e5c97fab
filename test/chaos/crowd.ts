/**
 * The people: they open issues, command, answer, cancel, try again and pester, and look at what the bot said before they
 * go on. All they do is written down as commands for the books. They see the forge only, never the store.
 */
import type { LocalForge } from "../../src/demo/forge/local-forge.ts";
import type { Command, CommandKind } from "./facts.ts";
import { createMeddler } from "./meddler.ts";
import type { Random } from "./random.ts";
import { STRANGER, WRITERS } from "./stage.ts";
import { isFinal } from "./words.ts";

export interface CrowdOptions {
  readonly forge: LocalForge;
  readonly bot: string;
  readonly repos: readonly string[];
  readonly random: Random;
  readonly now: () => number;
}

export interface Crowd {
  readonly commands: readonly Command[];
  /** `owner/name#1` of every issue. */
  readonly issues: readonly string[];
  /** Errands on which something is still to come. */
  readonly open: () => number;
  /** Does a few things, as people would in a moment. */
  act(): void;
  /** Does no more than follow up what is open. */
  follow(): void;
  /** Somebody cancels what works for ever on this issue. */
  cancel(issue: string): void;
}

interface Errand {
  readonly repo: string;
  readonly number: number;
  readonly isLong: boolean;
  /** Not before this time does anybody look again; epoch milliseconds. */
  quietUntil: number;
  /** Final answers already reacted to. */
  heard: number;
  retries: number;
  cancelled: boolean;
}

/** How long an issue is looked at on which nothing happens after its first answer. */
const PATIENCE_MS = 10_000;
/** More would only wait in the queue. */
const MOST_OPEN = 12;
const MODES = { commit: 38, plain: 10, nothing: 8, fail: 10, ask: 14, leak: 5, long: 15 } as const;
const NONSENSE = ["/dispatch cancle", "/dispatch chaso:commit-1 x", "/dispatch cancel now please"];
/** Whatever a stranger asks for is denied alike. */
const STRANGE = [
  "/dispatch chaos:commit-10 For me.",
  "/dispatch cancel",
  "/dispatch retry",
  "/dispatch status",
];
const PESTER = { dispatch: 5, query: 4, nonsense: 1, stranger: 2, cancel: 3, retry: 2, answer: 1 } as const;

export function createCrowd({ forge, bot, repos, random, now }: CrowdOptions): Crowd {
  const commands: Command[] = [];
  const issues: string[] = [];
  const errands: Errand[] = [];
  let watched: Errand[] = [];
  const meddle = createMeddler({ forge, bot, random, now, commands });

  function say(errand: Errand, kind: CommandKind, text: string, by = random.pick(WRITERS)): void {
    const ref = String(forge.comment(errand.repo, errand.number, by, text));
    commands.push({ kind, issue: nameOf(errand), ref, mayWrite: by !== STRANGER, at: now() });
  }

  function begin(): void {
    const mode = random.weighted(MODES);
    const model = mode === "long" ? "long" : `${mode}-${workMs(random)}`;
    const repo = random.pick(repos);
    const by = random.pick(WRITERS);
    const title = `Errand ${errands.length + 1}`;
    const number = forge.openIssue(repo, { by, title, body: "Please see to it." });
    const pause = random.between(300, 4000);
    const errand = {
      repo,
      number,
      isLong: mode === "long",
      quietUntil: now() + pause,
      heard: 0,
      retries: 0,
      cancelled: false,
    };
    errands.push(errand);
    watched.push(errand);
    issues.push(nameOf(errand));
    if (!random.chance(0.2)) {
      say(errand, "dispatch", `/dispatch chaos:${model} Please do it.`);
      return;
    }
    const label = `dispatch:chaos:${model}`;
    forge.addLabel(repo, number, by, label);
    commands.push({ kind: "label", issue: nameOf(errand), ref: label, mayWrite: true, at: now() });
  }

  /** False when nothing more is to come of it. */
  function followUp(errand: Errand): boolean {
    if (now() < errand.quietUntil) return true;
    const own = forge.issue(errand.repo, errand.number).comments.filter(({ by }) => by.login === bot);
    const finals = own.filter((comment) => isFinal({ id: "", body: comment.body, at: 0 }));
    if (finals.length === errand.heard) {
      if (errand.isLong && !errand.cancelled) giveUp(errand);
      return errand.heard === 0 || now() < errand.quietUntil + PATIENCE_MS;
    }
    errand.heard = finals.length;
    errand.quietUntil = now() + random.between(100, 1500);
    return react(errand, finals.at(-1)?.body ?? "");
  }

  /** Cancels, and again when it came too early to be of use. */
  function giveUp(errand: Errand): void {
    const asked = commands.findLast(({ kind, issue }) => kind === "cancel" && issue === nameOf(errand));
    const answer = asked && reactionOn(errand, asked.ref);
    if (asked && answer === undefined) return;
    if (answer === "eyes") errand.cancelled = true;
    else say(errand, "cancel", "/dispatch cancel");
    errand.quietUntil = now() + random.between(500, 2000);
  }

  function reactionOn({ repo, number }: Errand, ref: string): string | undefined {
    const comment = forge.issue(repo, number).comments.find(({ id }) => String(id) === ref);
    return comment?.reactions.find(({ by }) => by.login === bot)?.content;
  }

  function react(errand: Errand, final: string): boolean {
    const choice = random.next();
    if (final.startsWith("❓")) {
      if (choice < 0.2) return false;
      if (choice < 0.4) say(errand, "cancel", "/dispatch cancel");
      else say(errand, "answer", "/dispatch answer It is blue.");
      return true;
    }
    if (errand.retries >= 2 || choice > 0.35) return false;
    errand.retries += 1;
    errand.cancelled = false;
    if (final.startsWith("✅"))
      say(errand, "dispatch", `/dispatch chaos:commit-${random.between(50, 900)} More.`);
    else say(errand, "retry", "/dispatch retry");
    return true;
  }

  function pester(): void {
    const errand = random.pick(errands.slice(-25));
    const kind = random.weighted(PESTER);
    if (kind === "stranger") say(errand, "dispatch", random.pick(STRANGE), STRANGER);
    else if (kind === "dispatch")
      say(errand, kind, `/dispatch chaos:commit-${random.between(50, 900)} This too.`);
    else if (kind === "query") say(errand, kind, random.pick(["/dispatch status", "/dispatch help"]));
    else if (kind === "nonsense") say(errand, kind, random.pick(NONSENSE));
    else if (kind === "answer") say(errand, kind, "/dispatch answer It is green.");
    else say(errand, kind, `/dispatch ${kind}`);
    if (!watched.includes(errand)) watched.push(errand);
  }

  function change(errand: Errand): void {
    meddle(errand);
    if (!watched.includes(errand)) watched.push(errand);
  }

  const follow = () => {
    watched = watched.filter(followUp);
  };
  return {
    commands,
    issues,
    open: () => watched.length,
    follow,
    act() {
      follow();
      if (watched.length < MOST_OPEN && random.chance(0.6)) begin();
      if (errands.length > 0 && random.chance(0.3)) pester();
      if (errands.length > 0 && random.chance(0.2)) change(random.pick(errands.slice(-25)));
    },
    cancel(issue) {
      const errand = errands.find((one) => nameOf(one) === issue);
      if (errand) say(errand, "cancel", "/dispatch cancel");
    },
  };
}

/** Now and then so long that a wrong booking can not hide in what a start takes. */
function workMs(random: Random): number {
  return random.chance(0.12) ? random.between(4000, 9000) : random.between(50, 2500);
}

function nameOf({ repo, number }: Pick<Errand, "repo" | "number">): string {
  return `${repo}#${number}`;
}
