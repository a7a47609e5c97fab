/** Judges an agent's program, version, key and answer. Pure. */
import type { Agent, AgentResult } from "../agents/agent.ts";
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import { compareVersions, majorOf, versionIn } from "../model/version.ts";
import { type Ended, lastWords } from "./trial.ts";

/** `image` is null on the host. */
export function judgePresence(program: Agent["program"], ended: Ended, image: string | null): Judged {
  const where = image === null ? "on this machine" : `in ${image}`;
  if (ended.exit === null) return fails("program", `${program.name} does not end ${where}`, null);
  const { code, signal } = ended.exit;
  if (code === 0) return passes("program", `${program.name} ${where}`);
  const fix = image === null ? program.install : `put it into the image: ${program.install}`;
  if (code === 126 || code === 127) return fails("program", `no ${program.name} ${where}`, fix);
  const last = lastWords(ended);
  return fails(
    "program",
    `${program.name} ended with ${signal ?? code} ${where}${last ? `: ${last}` : ""}`,
    fix,
  );
}

/** Newer ones mostly work; another major version, and older ones, may well not. */
export function judgeVersion(printed: string, tested: string | null): Judged {
  const version = versionIn(printed);
  if (version === null) return warns("version", "it tells none", null);
  if (tested === null) return passes("version", version);
  const order = compareVersions(version, tested);
  const fix = `use ${tested}, which was tested`;
  if (majorOf(version) !== majorOf(tested)) return warns("version", `${version} was not tested`, fix);
  if (order < 0) return warns("version", `${version} is older than what was tested`, fix);
  return passes("version", order === 0 ? version : `${version}, newer than the tested ${tested}`);
}

export interface Needs {
  /** Variables of which one is enough. */
  readonly names: readonly string[];
  readonly set: (name: string) => boolean;
}

export function judgeKey({ names, set }: Needs): Judged {
  const known = names.filter(set);
  if (known.length > 0) return passes("key", `${known.join(", ")} set`);
  if (names.length === 0) return passes("key", "none needed");
  return fails(
    "key",
    `none of ${names.join(", ")} is set`,
    `set ${names.length > 1 ? "one of them" : "it"} in .env`,
  );
}

export function judgeLogin({ ok, failure, cause }: AgentResult): Judged {
  if (ok) return passes("login", "the provider answered");
  const why = failure ?? "it did not say why";
  if (cause === "limit")
    return warns("login", `taken, but a limit is reached: ${why}`, "wait, or raise the limit");
  return fails("login", why, cause === "auth" ? "make a new key or login at the provider" : null);
}
