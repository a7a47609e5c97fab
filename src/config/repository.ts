/**
 * A repository's own `.github/dispatch.yml` or `.forgejo/dispatch.yml`, read from its default branch. It can only
 * narrow what the admin allows. A file that cannot be understood is refused as a whole, with its problems; one that
 * asks for more than the admin allows gets what is allowed, and a note says so: the same file may serve several bots.
 */
import { z } from "zod";
import type { Config, RepositoryConfig } from "./config.ts";
import { readDocument } from "./document.ts";
import { validate } from "./explain.ts";
import * as field from "./fields.ts";
import { freeze } from "./freeze.ts";
import { Problems } from "./problems.ts";
import { durationMs, durationText } from "./units.ts";

const LARGEST_FILE = 16 * 1024;

export const repositorySchema = z.strictObject({
  enabled: field.flag.default(true).meta({ description: "`false` switches the bot off in this repository." }),
  agents: z
    .array(field.agentName)
    .min(1)
    .optional()
    .meta({
      title: "a list of agents' names",
      description: "Only these agents. Ones the admin did not set up are ignored.",
      examples: [["codex", "claude"]],
    }),
  agent: field.agentChoice
    .optional()
    .meta({ description: "The agent of a command that names none.", examples: ["claude"] }),
  template: field.templateName
    .optional()
    .meta({ description: "The template of a command that names none.", examples: ["security"] }),
  users: z
    .array(field.login)
    .min(1)
    .optional()
    .meta({
      title: "a list of logins",
      description: "Only these people, of those the admin allows.",
      examples: [["alice"]],
    }),
  timeout: field.duration.optional().meta({
    description: "A shorter time limit. A longer one than the admin's is ignored.",
    examples: ["20m"],
  }),
  draft: field.flag.optional().meta({
    description: "`true` opens pull requests as drafts. `false` is ignored where the admin wants drafts.",
  }),
});

/** Throws a ConfigError with every problem; `file` is what the messages call it. */
export function parseRepositoryConfig(text: string, file: string): RepositoryConfig {
  const document = readDocument(text, file, LARGEST_FILE);
  const problems = new Problems(document, () => ({ file, line: null }));
  problems.add(document.problems);
  const written =
    document.value === undefined ? undefined : validate(repositorySchema, document.value, problems);
  problems.throwIfAny();
  return freeze({
    enabled: written?.enabled ?? true,
    agents: written?.agents ?? null,
    defaultAgent: written?.agent ?? null,
    template: written?.template ?? null,
    users: written?.users ?? null,
    totalMs: written?.timeout === undefined ? null : durationMs(written.timeout),
    draft: written?.draft ?? null,
  });
}

/** What holds in a repository once its own file has narrowed the admin's configuration. */
export interface Narrowed {
  readonly enabled: boolean;
  /** Names of the agents that may be asked for here; [] means that none is left. */
  readonly agents: readonly string[];
  /** Null when neither the repository's default nor the admin's may be used here. */
  readonly defaultAgent: string | null;
  readonly template: string;
  /** Besides the admin's own list; null does not narrow. */
  readonly users: readonly string[] | null;
  readonly totalMs: number;
  readonly draft: boolean;
  /** What of the repository's file was ignored and why, one sentence each. */
  readonly notes: readonly string[];
}

export function narrow(config: Config, repository: RepositoryConfig | null): Narrowed {
  const notes: string[] = [];
  const agents = allowedAgents(config, repository, notes);
  return freeze({
    enabled: repository?.enabled ?? true,
    agents,
    defaultAgent: defaultAgent(config, repository, agents, notes),
    template: repository?.template ?? config.defaults.template,
    users: repository?.users ?? null,
    totalMs: shorter(config.limits.totalMs, repository?.totalMs ?? null, notes),
    draft: drafts(config.defaults.draft, repository?.draft ?? null, notes),
    notes,
  });
}

function allowedAgents(
  config: Config,
  repository: RepositoryConfig | null,
  notes: string[],
): readonly string[] {
  const enabled = Object.values(config.agents).flatMap((agent) => (agent.enabled ? [agent.name] : []));
  const wanted = repository?.agents;
  if (!wanted) return enabled;
  for (const name of wanted) {
    if (!enabled.includes(name)) notes.push(`agents: ${name} is ignored; this bot does not offer it.`);
  }
  return enabled.filter((name) => wanted.includes(name));
}

function defaultAgent(
  config: Config,
  repository: RepositoryConfig | null,
  agents: readonly string[],
  notes: string[],
): string | null {
  const allowed = (choice: string): boolean => agents.includes(choice.split(":")[0] ?? "");
  const wanted = repository?.defaultAgent ?? null;
  if (wanted !== null && allowed(wanted)) return wanted;
  if (wanted !== null) notes.push(`agent: ${wanted} is ignored; it is not offered here.`);
  return allowed(config.defaults.agent)
    ? config.defaults.agent
    : agents.length === 1
      ? (agents[0] ?? null)
      : null;
}

function shorter(allowed: number, wanted: number | null, notes: string[]): number {
  if (wanted === null || wanted <= allowed) return wanted ?? allowed;
  notes.push(`timeout: ${durationText(wanted)} is ignored; the limit here is ${durationText(allowed)}.`);
  return allowed;
}

function drafts(always: boolean, wanted: boolean | null, notes: string[]): boolean {
  if (always && wanted === false) notes.push("draft: false is ignored; this bot opens drafts only.");
  return always || wanted === true;
}
