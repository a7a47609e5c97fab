/** Which agents there are and how each is set up: the built-in ones always, others when they are described. */

import { nearest } from "../model/nearest.ts";
import type { AgentSettings } from "./agent-schema.ts";
import type { AgentConfig, CustomAgentConfig, RuntimeChoice } from "./config.ts";
import type { Path } from "./document.ts";
import type { Environment } from "./environment.ts";
import type { Problems } from "./problems.ts";
import type { Settings } from "./schema.ts";
import { SECRET_NAME } from "./secrets.ts";

const BUILT_IN_AGENTS = ["codex", "claude", "gemini", "coderabbit", "local"] as const;
/** Those whose program keeps a login in files of its own. */
const WITH_LOGIN: readonly string[] = ["codex", "claude", "gemini"];

/** The variables that forges and the database are usually set up with, in use or not. */
const SERVER_VARIABLES: readonly string[] = [
  "GITHUB_TOKEN",
  "PRIVATE_KEY",
  "PRIVATE_KEY_PATH",
  "WEBHOOK_SECRET",
  "FORGEJO_TOKEN",
  "FORGEJO_WEBHOOK_SECRET",
  "DATABASE_URL",
];

export interface AgentSurroundings {
  /** CORE_AGENT_RUNTIME. */
  readonly runtime: RuntimeChoice | null;
  /** The forges' and the database's credentials, which no agent may get. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly environment: Environment;
}

export function readAgents(
  written: Settings["agents"],
  around: AgentSurroundings,
  problems: Problems,
): Readonly<Record<string, AgentConfig>> {
  const names = [...new Set([...BUILT_IN_AGENTS, ...Object.keys(written)])];
  return Object.fromEntries(
    names.map((name) => {
      const settings = written[name];
      if (settings) check(name, settings, around, problems);
      return [name, agentConfig(name, settings, around.runtime)];
    }),
  );
}

function agentConfig(
  name: string,
  settings: AgentSettings | undefined,
  override: RuntimeChoice | null,
): AgentConfig {
  return {
    name,
    runtime: settings?.runtime ? (override ?? settings.runtime) : null,
    image: settings?.image ?? null,
    network: settings?.network ?? null,
    allow: settings?.allow ?? [],
    confined: settings?.confined ?? null,
    enabled: settings?.enabled ?? true,
    program: settings?.program ?? null,
    home: settings?.home ?? "run",
    env: settings?.env ?? {},
    secretEnv: settings?.secret_env ?? [],
    defaultModel: settings?.model ?? null,
    custom: settings?.custom ? customConfig(settings.custom) : null,
  };
}

function customConfig(custom: NonNullable<AgentSettings["custom"]>): CustomAgentConfig {
  const { success } = custom;
  return {
    argv: custom.argv as [string, ...string[]],
    prompt: custom.prompt,
    success: success === "exit" ? { by: "exit" } : { by: "line", pattern: success.line },
    mode: custom.mode,
    install: custom.install ?? null,
  };
}

function check(name: string, settings: AgentSettings, around: AgentSurroundings, problems: Problems): void {
  const path = ["agents", name];
  const builtIn = BUILT_IN_AGENTS.some((one) => one === name);
  if (builtIn && settings.custom) {
    problems.key([...path, "custom"], `${name} is built in; give your own agent another name`);
  } else if (!builtIn && !settings.custom) {
    const meant = nearest(name, BUILT_IN_AGENTS);
    const hint = meant ? `did you mean "${meant}"?` : "an agent of your own needs `custom`";
    problems.key(
      path,
      `is not built in; ${hint}`,
      `${BUILT_IN_AGENTS.join(", ")}, or any name with \`custom\``,
    );
  }
  if (settings.custom) checkCustom(settings.custom, [...path, "custom"], problems);
  checkHome(name, settings, problems);
  checkEnvironment(settings, path, around, problems);
}

function checkCustom(custom: NonNullable<AgentSettings["custom"]>, path: Path, problems: Problems): void {
  if (custom.argv[0]?.trim() === "")
    problems.value([...path, "argv", 0], "is empty", "a program's name or path");
  if (custom.prompt === "file" && !custom.argv.some((part) => part.includes("{prompt_file}"))) {
    problems.value(
      [...path, "argv"],
      "nowhere says {prompt_file}, but `prompt` is `file`",
      "{prompt_file} in one of its texts",
    );
  }
  if (custom.success === "exit") return;
  try {
    new RegExp(custom.success.line);
  } catch {
    problems.value(
      [...path, "success", "line"],
      "is no regular expression",
      "JavaScript's regular expressions",
    );
  }
}

function checkHome(name: string, { home }: AgentSettings, problems: Problems): void {
  if (home !== "login" || WITH_LOGIN.includes(name)) return;
  problems.value(
    ["agents", name, "home"],
    `is login, but no login of ${name} is known`,
    `home: login only for ${WITH_LOGIN.join(", ")}`,
  );
}

function checkEnvironment(
  settings: AgentSettings,
  path: Path,
  around: AgentSurroundings,
  problems: Problems,
): void {
  const credentials = Object.entries(around.credentials);
  const isServers = (variable: string, value: string | undefined): boolean =>
    SERVER_VARIABLES.includes(variable) ||
    credentials.some(([name, credential]) => name === variable || credential === value);
  for (const [at, name] of settings.secret_env.entries()) {
    if (!isServers(name, around.environment.get(name))) continue;
    problems.value(
      [...path, "secret_env", at],
      `${name} is the server's own credential; no agent may get it`,
      "keys of model providers",
    );
  }
  for (const [name, value] of Object.entries(settings.env)) {
    if (isServers(name, value) || SECRET_NAME.test(name)) {
      problems.key(
        [...path, "env", name],
        "looks like a secret; put it into .env and its name into secret_env",
      );
    }
  }
}
