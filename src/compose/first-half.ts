/** The first half put together: what becomes of an event (`dispatch/responder.ts` with everything it asks). */
import { randomUUID } from "node:crypto";
import { parseComment, parseLabel } from "../command/parse.ts";
import { narrow } from "../config/repository.ts";
import { createRepositoryConfigs } from "../dispatch/repository-config.ts";
import { createResponder, type Respond, type ResponderDeps } from "../dispatch/responder.ts";
import type { Forge } from "../forges/forge.ts";
import { ConfigError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import type { RepoRef } from "../model/run.ts";
import { help } from "../report/messages.ts";
import { createPreview } from "../worker/preview.ts";
import type { RuntimeChooser } from "../worker/runtimes.ts";
import { statusNow } from "../worker/status-now.ts";
import type { Parts } from "./parts.ts";
import type { Settings } from "./settings.ts";

export type NarrowedConfig = ResponderDeps["narrowed"];

/** What holds in a repository: its own file may narrow the server's configuration. */
export function narrowing(settings: Settings, now: () => number): NarrowedConfig {
  const repositoryConfigs = createRepositoryConfigs(now);
  return async (repo, forge) => narrow(settings.config(), await repositoryConfigs(repo, forge));
}

export interface FirstHalf {
  readonly parts: Parts;
  readonly settings: Settings;
  readonly narrowed: NarrowedConfig;
  readonly chooseRuntime: RuntimeChooser;
  readonly now: () => number;
}

export function createFirstHalf({ parts, settings, narrowed, chooseRuntime, now }: FirstHalf): Respond {
  const { store, workspaces, prompts } = parts;
  const { config, agent } = settings;
  const agents = () => [...settings.agents().keys()];
  return createResponder({
    store,
    config,
    agents,
    nearestAgent: (name) => nearest(name, agents(), 2),
    // Another machine's runtimes cannot be asked from here: there, a run without one fails and says so.
    checkAgent: async (name) =>
      void (config().role === "web" ? agent(name) : await chooseRuntime(agent(name))),
    checkRequest: (request) => prompts.check(request),
    narrowed,
    preview: createPreview({ agent, workspaces, prompts, config, newId: randomUUID }),
    newId: () => randomUUID().slice(0, 8) + now().toString(36),
    now,
    statusOf: (run) => statusNow(run, { store, config, now }),
    help: () =>
      help({ agents: agents(), defaultAgent: config().defaults.agent, templates: prompts.templates() }),
    parseComment: (body) => parseComment(body, { prefix: "/dispatch", agents: agents() }),
    parseLabel,
    permit: async (event, forge) =>
      settings.permissions().decide({
        forge,
        repo: event.repo,
        actor: event.by,
        self: await forge.self(),
        repositoryUsers: await repositoryUsers(narrowed, event.repo, forge),
      }),
  });
}

/** The repository's own list of people; a file that is wrong says so when a run is asked for, and narrows nobody. */
async function repositoryUsers(narrowed: NarrowedConfig, repo: RepoRef, forge: Forge) {
  try {
    return (await narrowed(repo, forge)).users;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}
