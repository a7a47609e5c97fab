/**
 * OpenAI's Codex CLI (`codex exec --json`). The prompt goes in on stdin, events come out as JSON lines.
 *
 * Key: with OpenAI itself codex reads CODEX_API_KEY alone (measured with 0.169: with OPENAI_API_KEY only, it asks
 * without any key). OPENAI_API_KEY is passed on for model providers of the admin's own config.toml. Where its provider
 * is: it ignores the variable OPENAI_BASE_URL, so a configured one is written to config.toml; Ollama's is in
 * CODEX_OSS_BASE_URL, which it reads.
 * Shells it starts get what SHELL_ENV names of the environment, so no key, and are no login shells: those would take
 * the machine's PATH for the one the admin gave.
 * TZ is UTC because codex prints the end of a usage limit as a wall-clock time (`reset-time.ts`).
 * Its home is `$HOME/.codex`, and HOME is `paths.home`: setting it is the caller's part.
 */
import { posix } from "node:path";
import type { Agent, Endpoint, LaunchFile, LaunchRequest, LaunchSpec, Login, Provider } from "../agent.ts";
import { createCodexReader } from "./reader.ts";
import { reviewPrompt } from "./review.ts";

/** How this CLI is used: `local` runs the same one with a model on one's own machine. */
export interface CodexVariant {
  readonly name: string;
  /** Models served by Ollama instead of OpenAI. */
  readonly ollama: boolean;
  readonly defaultModel: string | null;
  readonly secretEnv: readonly string[];
}

export interface CodexSettings {
  /** Replaces OpenAI's API address; null for the official one. */
  readonly baseUrl: string | null;
  /** Where Ollama is; null for this machine. */
  readonly ollamaUrl: string | null;
  /** Epoch milliseconds, for reset times that the CLI gives without a date. */
  readonly now: () => number;
}

const CODEX: CodexVariant = {
  name: "codex",
  ollama: false,
  defaultModel: null,
  secretEnv: ["CODEX_API_KEY", "OPENAI_API_KEY"],
};

/** A local model family: `codex:lemer` is a profile, not a model of OpenAI's. */
const PROFILES: readonly string[] = ["lemer", "lemma", "lemmy", "lemrd"];
const REVIEW = "review";

/**
 * What shells may see, by codex's own patterns. Without the run's mark, what a shell leaves in a session of its own
 * could not be found when the run ends; without GIT_TERMINAL_PROMPT, git would ask for a password and wait.
 */
const SHELL_ENV = [
  ...["PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM", "NO_COLOR", "CI", "TZ"],
  ...["LANG", "LANGUAGE", "LC_*", "*_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"],
  ...["GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_TERMINAL_PROMPT", "AGENT_DISPATCH_RUN"],
  "NODE_USE_ENV_PROXY",
];

const OPENAI_URL = "https://api.openai.com/v1";
const OLLAMA_URL = "http://127.0.0.1:11434/v1";
/** Where a login with ChatGPT is made and used. */
const LOGIN_HOSTS = ["chatgpt.com", "auth.openai.com", "api.openai.com"];

const OPTIONS = [
  "--json",
  "--dangerously-bypass-approvals-and-sandbox",
  "--skip-git-repo-check",
  ...["--disable", "plugins"],
  ...["-c", "check_for_update_on_startup=false"],
  ...["-c", "analytics.enabled=false"],
  ...["-c", "allow_login_shell=false"],
  ...["-c", "shell_environment_policy.inherit=all"],
  ...["-c", `shell_environment_policy.include_only=${JSON.stringify(SHELL_ENV)}`],
] as const;

/** As `codex login` writes it; a login by key has only the key. */
const LOGIN: Login = {
  path: ".codex/auth.json",
  fields: ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"],
  secrets: ["OPENAI_API_KEY", "tokens.id_token", "tokens.access_token", "tokens.refresh_token"],
  renewed: ["tokens.id_token", "tokens.access_token", "tokens.refresh_token", "last_refresh"],
  how: "codex login",
};

export function createCodex(settings: CodexSettings, variant: CodexVariant = CODEX): Agent {
  const isReview = (model: string | null) => !variant.ollama && model === REVIEW;
  const isOllama = (model: string | null) => variant.ollama || (model !== null && PROFILES.includes(model));
  return {
    name: variant.name,
    home: "container",
    program: {
      name: "codex",
      versionArgs: ["--version"],
      install: "npm install -g @openai/codex",
      tested: "0.169.0",
    },
    logins: variant.ollama ? [] : [LOGIN],
    mode: (model) => (isReview(model) ? "review" : "work"),
    provider: (model) => (isOllama(model ?? variant.defaultModel) ? ollama(settings) : openai(settings)),
    launch(request): LaunchSpec {
      const model = request.model ?? variant.defaultModel;
      return {
        argv: [
          "codex",
          "exec",
          ...OPTIONS,
          ...endpointArgs(request.endpoint, isOllama(model)),
          ...folders(request),
          ...modelArgs(model, variant),
          ...session(request),
        ],
        env: { TZ: "UTC" },
        endpointEnv: endpointEnv(request.endpoint, isOllama(model)),
        secretEnv: variant.secretEnv,
        files: configFiles(model, settings.baseUrl),
        stdin: isReview(model) ? reviewPrompt(request.prompt, request.reviewFrom) : request.prompt,
      };
    },
    reader: () => createCodexReader(settings.now),
  };
}

function openai({ baseUrl }: CodexSettings): Provider {
  const keys = [{ variable: "CODEX_API_KEY", header: "authorization" }] as const;
  return { baseUrl: baseUrl ?? OPENAI_URL, keys, hosts: LOGIN_HOSTS };
}

function ollama({ ollamaUrl }: CodexSettings): Provider {
  // The CLI asks above the /v1, too: which models there are.
  return { baseUrl: (ollamaUrl ?? OLLAMA_URL).replace(/\/v1\/?$/, ""), keys: [], hosts: [] };
}

function endpointEnv(endpoint: Endpoint | null, isOllama: boolean): Readonly<Record<string, string>> {
  if (endpoint === null) return {};
  const { url, token, variable } = endpoint;
  if (isOllama) return { CODEX_OSS_BASE_URL: `${url}/v1` };
  return variable === null ? {} : { [variable]: token };
}

/** As an option, for it stands above config.toml, which may be the admin's own. */
function endpointArgs(endpoint: Endpoint | null, isOllama: boolean): readonly string[] {
  return endpoint === null || isOllama ? [] : ["-c", `openai_base_url=${JSON.stringify(endpoint.url)}`];
}

function folders({ paths }: LaunchRequest): readonly string[] {
  return ["-C", paths.checkout, "-o", posix.join(paths.meta, "agent-codex.log")];
}

function modelArgs(model: string | null, variant: CodexVariant): readonly string[] {
  if (model !== null && PROFILES.includes(model)) return ["--profile", model];
  if (variant.ollama)
    return ["--oss", "--local-provider", "ollama", ...(model === null ? [] : ["-m", model])];
  return model === null || model === REVIEW ? [] : ["-m", model];
}

/** Flags must stand before `resume`; the `-` at the end is the prompt on stdin. */
function session({ resume }: LaunchRequest): readonly string[] {
  return resume === null ? ["-"] : ["resume", resume, "-"];
}

/**
 * JSON strings are valid TOML strings. The profile is written because codex silently ignores one that is missing
 * and would go on with another model.
 */
function configFiles(model: string | null, baseUrl: string | null): readonly LaunchFile[] {
  const files: LaunchFile[] = [];
  if (baseUrl !== null) files.push(toml("config", { openai_base_url: baseUrl }));
  if (model !== null && PROFILES.includes(model)) {
    files.push(toml(`${model}.config`, { model, model_provider: "ollama" }));
  }
  return files;
}

function toml(name: string, values: Readonly<Record<string, string>>): LaunchFile {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  return { in: "home", path: `.codex/${name}.toml`, content: lines.join("") };
}
