/**
 * The logins a run is lent, through its life: lent before the agent starts, their values kept out of all that is
 * published while it works, taken back when it has ended. Trouble with a login ends no run: the admin is told.
 */
import type { Agent, LaunchFile } from "../agents/agent.ts";
import { messageOf } from "../model/errors.ts";
import type { RunFolders } from "../model/folders.ts";
import type { Run } from "../model/run.ts";
import { lend, renewedSecrets, takeBack } from "../supervisor/logins.ts";
import type { WorkDeps } from "./deps.ts";

/** How often it is looked whether the CLI has renewed its login: from then on the new tokens are secrets too. */
const LOOK_MS = 1_000;

type Deps = Pick<WorkDeps, "agent" | "config" | "learnSecrets" | "log">;

/** The files to write into the run's home. Throws a Refusal when somebody has to log in first. */
export function lendLogins(agent: Agent, folders: RunFolders, deps: Deps): readonly LaunchFile[] {
  if (agent.logins.length === 0) return [];
  const { files, secrets, record } = lend(agent.name, agent.logins, homeOf(deps));
  deps.learnSecrets(nameFor(agent), secrets);
  record(folders);
  return files;
}

/** Learns what the run's logins hold now, and whenever they change; returns how to stop. */
export function followLogins(run: Run, folders: RunFolders, deps: Deps): () => void {
  const agent = agentOf(run, deps);
  if (!agent || agent.logins.length === 0) return () => {};
  const look = () => {
    const { files: _, secrets } = lend(agent.name, agent.logins, homeOf(deps));
    deps.learnSecrets(nameFor(agent), [...secrets, ...renewedSecrets(agent.logins, homeOf(deps), folders)]);
  };
  const carefully = () => attempt(run, deps, look);
  carefully();
  const timer = setInterval(carefully, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    carefully();
  };
}

/** When nothing of the agent runs any more. Safe twice, and for a run that was lent nothing. */
export function takeBackLogins(run: Run, folders: RunFolders, deps: Deps): void {
  const logins = agentOf(run, deps)?.logins ?? [];
  attempt(run, deps, () => {
    for (const { path, how, why } of takeBack(logins, homeOf(deps), folders)) {
      if (how === "renewed") deps.log.info({ run: run.id, login: path }, "the agent's login was renewed");
      if (how === "refused")
        deps.log.warn({ run: run.id, login: path, reason: why }, "a login was not taken back from a run");
    }
  });
}

function attempt(run: Run, { log }: Deps, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn({ run: run.id, reason: messageOf(error) }, "a run's login could not be looked after");
  }
}

/** Null when it is not configured any more. */
function agentOf(run: Run, deps: Deps): Agent | null {
  try {
    return deps.agent(run.pool);
  } catch {
    return null;
  }
}

const homeOf = ({ config }: Deps) => config().baseEnv.HOME ?? "/nonexistent";
const nameFor = (agent: Agent) => `${agent.name} login`;
