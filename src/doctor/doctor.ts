/**
 * The doctor: tries for real what `check` only looks at, and says of each thing whether it passed. It knows the
 * contracts alone, so that it tries every forge, agent and runtime there is. What it judges is in the `judge-*.ts`
 * beside it; those are pure. It changes nothing: no run, no delivery, nothing on a forge.
 */
import type { Agent, LaunchSpec } from "../agents/agent.ts";
import type { Config } from "../config/config.ts";
import type { Forge } from "../forges/forge.ts";
import { messageOf, Refusal } from "../model/errors.ts";
import {
  type Area,
  type Diagnosis,
  diagnosisOf,
  type Finding,
  fails,
  type Judged,
} from "../model/finding.ts";
import type { AgentPaths, RunFolders } from "../model/folders.ts";
import type { Property, Runtime } from "../runtimes/runtime.ts";
import type { Store } from "../store/store.ts";
import { tryAgents } from "./agents.ts";
import { tryForges } from "./forges.ts";
import { tryHost } from "./host.ts";
import { tellOthers, tryRuntimes } from "./runtimes.ts";
import { type Bench, within } from "./trial.ts";

export interface DoctorDeps {
  readonly config: Config;
  readonly forges: readonly Forge[];
  readonly agents: readonly Agent[];
  readonly runtimes: ReadonlyMap<string, Runtime>;
  /** The same as a restarted bot opens them. */
  readonly reopened: ReadonlyMap<string, Runtime>;
  /** Rejects with a Refusal when none is ready for this agent. */
  readonly runtimeFor: (agent: Agent) => Promise<Runtime>;
  /** What the configuration demands of a runtime, for the agents that may run in it. */
  readonly demandsOn: (runtime: string) => ReadonlySet<Property>;
  /** The real one, which a running server may have open too. */
  readonly openStore: () => Promise<Pick<Store, "runs" | "close">>;
  /** Writes what an agent asks for and gives back its environment, as for a run. */
  readonly equip: (
    agent: Agent,
    spec: LaunchSpec,
    place: { readonly folders: RunFolders; readonly paths: AgentPaths; readonly runId: string },
  ) => Promise<Readonly<Record<string, string>>>;
  /** Throws a Refusal when somebody has to log in before runs can be lent the agent's login. */
  readonly requireLogin: (agent: Agent) => void;
  readonly bench: Bench;
  readonly surroundings: {
    readonly cwd: string;
    readonly pid: number;
    /** Null where there are none. */
    readonly uid: number | null;
  };
  readonly fetch: typeof fetch;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface DoctorOptions {
  /** Only this runtime; null: everything that is in use. */
  readonly runtime: string | null;
  /** Ask each agent's provider for one answer. */
  readonly login: boolean;
}

/** Told while it goes on. */
export interface Progress {
  /** What is being tried now. */
  trying(what: string): void;
  found(finding: Finding): void;
}

/** What one part of the doctor is given: tries things of one subject, each in its time. */
export type Try = (
  area: Area,
  subject: string,
  what: string,
  ms: number,
  act: () => Promise<readonly Judged[] | Judged>,
) => Promise<readonly Judged[]>;

/** Rejects with a Refusal when told to stop before its end. */
export async function examine(
  deps: DoctorDeps,
  options: DoctorOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const findings: Finding[] = [];
  const tryOut: Try = async (area, subject, what, ms, act) => {
    progress.trying(`${subject}: ${what}`);
    goOn(signal);
    const judged = await inTime(what, ms, act);
    goOn(signal);
    for (const one of judged) {
      const finding = { area, subject, ...one };
      findings.push(finding);
      progress.found(finding);
    }
    return judged;
  };
  if (options.runtime !== null) {
    await tryRuntimes(deps, [options.runtime], tryOut);
    return diagnosisOf(findings);
  }
  const repositories = await tryHost(deps, tryOut);
  await tryForges(deps, repositories, tryOut);
  const used = await tryAgents(deps, options, tryOut);
  await tryRuntimes(deps, used, tryOut);
  await tellOthers(deps, used, tryOut);
  return diagnosisOf(findings);
}

function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new Refusal("stopped before everything was tried");
}

/** What throws, or does not end, is a finding too. */
async function inTime(what: string, ms: number, act: () => Promise<readonly Judged[] | Judged>) {
  try {
    const judged = await within(act(), ms);
    if (judged === null) return [fails(what, `no answer within ${Math.round(ms / 1000)} s`, null)];
    return Array.isArray(judged) ? (judged as readonly Judged[]) : [judged as Judged];
  } catch (error) {
    return [fails(what, messageOf(error), error instanceof Refusal ? error.fix : null)];
  }
}
