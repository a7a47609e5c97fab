/** Judges what a trial agent saw of the host, and as whom. Pure. */
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import { type Facts, first } from "./script.ts";

export interface Surroundings {
  readonly runtime: string;
  /** Why the runtime cannot keep the host's files from agents; null when it says that it can. */
  readonly lacks: string | null;
  /** The configuration asks for it. */
  readonly demanded: boolean;
  /** When the bot's process started, as the kernel counts it; null where it does not say. */
  readonly botStart: string | null;
  /** Canaries that could not be placed, by folder. */
  readonly unplaced: readonly string[];
}

const NO_ROOT = "run the server as a user of its own";

export function judgeConfinement(facts: Facts, where: Surroundings): readonly Judged[] {
  const judges = [
    user,
    capabilities,
    newPrivileges,
    systemFolders,
    hostFiles,
    sockets,
    botProcess,
    ownFolders,
  ];
  return judges.flatMap((judge) => judge(facts, where) ?? []);
}

function user(facts: Facts, { runtime }: Surroundings): Judged {
  const uid = first(facts, "uid");
  if (uid !== "0") return passes("user", `not root (uid ${uid ?? "unknown"})`);
  if (runtime === "native") return warns("user", "agents are root, as the server is", NO_ROOT);
  return fails("user", "the agent is root (uid 0)", `${NO_ROOT}, and give the image a user that is not root`);
}

function capabilities(facts: Facts, where: Surroundings): Judged | null {
  const held = ["CapEff", "CapBnd"].map((name) => [name, first(facts, name)] as const);
  if (held.every(([, set]) => set === null)) return null;
  const some = held.filter(([, set]) => /[1-9a-f]/.test(set ?? ""));
  if (some.length === 0) return passes("capabilities", "none");
  return weak("capabilities", some.map(([name, set]) => `${name} ${set}`).join(", "), where);
}

function newPrivileges(facts: Facts, where: Surroundings): Judged | null {
  const set = first(facts, "NoNewPrivs");
  if (set === null) return null;
  if (set === "1") return passes("new privileges", "cannot be gained");
  return weak("new privileges", "can be gained, by setuid programs", where);
}

function systemFolders(facts: Facts, where: Surroundings): Judged {
  const found = facts.get("writable") ?? [];
  if (found.length === 0) return passes("system folders", "cannot be written");
  return weak("system folders", `can be written: ${found.join(", ")}`, where);
}

function hostFiles(facts: Facts, where: Surroundings): Judged {
  const seen = facts.get("seen") ?? [];
  if (seen.length > 0)
    return weak("files of the host", `those in ${seen.map(folderOf).join(", ")} can be read`, where);
  if (where.unplaced.length === 0)
    return passes("files of the host", "data folder, home and working folder are not seen");
  const detail = `what could be tried is not seen; nothing could be put in ${where.unplaced.join(", ")} to look for`;
  return warns("files of the host", detail, "let the server's user write there, or see for yourself");
}

const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/")) || "/";

function sockets(facts: Facts, where: Surroundings): Judged {
  const found = facts.get("socket") ?? [];
  if (found.length === 0) return passes("engine's socket", "not reached");
  return weak("engine's socket", `reached: ${found.join(", ")}; who has it is root on this machine`, where);
}

function botProcess(facts: Facts, { botStart, ...where }: Surroundings): Judged | null {
  if (botStart === null) return null;
  if (first(facts, "bot") !== botStart) return passes("bot's environment", "not seen");
  return weak("bot's environment", "can be read, with the secrets in it", { botStart, ...where });
}

function ownFolders(facts: Facts): Judged {
  const denied = facts.get("denied") ?? [];
  if (denied.length === 0) return passes("own folders", "can be written");
  return fails(
    "own folders",
    `cannot be written: ${denied.join(", ")}`,
    "let the engine's user map keep the ids of the server's user",
  );
}

/** A runtime that says it cannot is only a failure where the configuration asks for it; one whose word is wrong always. */
function weak(check: string, detail: string, { lacks, demanded, runtime }: Surroundings): Judged {
  if (lacks !== null && !demanded) return warns(check, detail, lacks);
  return fails(check, detail, lacks ?? `do not run agents in ${runtime} before this holds`);
}
