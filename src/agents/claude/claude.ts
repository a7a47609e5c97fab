/**
 * Anthropic's Claude Code CLI (`claude -p`, stream-json). The prompt goes in on stdin.
 *
 * IS_SANDBOX=1 is always set: as root the CLI refuses to work without asking unless the variable vouches for the
 * surroundings, for everybody else it changes nothing that we use, and an adapter knows neither user nor runtime.
 * Whether a run may be root is the admin's decision on the runtime; refusing here would only make every run of a
 * root container fail.
 *
 * Where its provider is says the setting ANTHROPIC_BASE_URL of the agent's `env`; the CLI reads it itself. Of several
 * keys it takes the first in the order of KEYS.
 */
import { posix } from "node:path";
import type { Agent, Endpoint, LaunchRequest, Login, ProviderKey } from "../agent.ts";
import { createClaudeReader } from "./reader.ts";

const SYSTEM_PROMPT_FILE = "claude-system-prompt.md";
const SYSTEM_PROMPT = `You work unattended in one repository: the current directory.
Keep every edit inside it, use relative paths, and leave files elsewhere on the machine alone.
Nobody can answer while you work; if you cannot go on without an answer, do what the task says about questions.
`;

const ENV = {
  IS_SANDBOX: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  // The CLI's own default of 10 keeps a run with a bad key busy for three minutes.
  CLAUDE_CODE_MAX_RETRIES: "3",
} as const;

const KEYS: readonly ProviderKey[] = [
  { variable: "ANTHROPIC_AUTH_TOKEN", header: "authorization" },
  { variable: "ANTHROPIC_API_KEY", header: "x-api-key" },
  { variable: "CLAUDE_CODE_OAUTH_TOKEN", header: "authorization" },
];
/** A subscription's login is made and renewed there. */
const LOGIN_HOSTS = ["api.anthropic.com", "platform.claude.com", "console.anthropic.com", "claude.ai"];

/**
 * On macOS the CLI keeps it in the keychain instead, and there is no file. The logins of MCP servers stand in the same
 * file and are none of a run's business.
 */
const LOGIN: Login = {
  path: ".claude/.credentials.json",
  fields: ["claudeAiOauth"],
  secrets: ["claudeAiOauth.accessToken", "claudeAiOauth.refreshToken"],
  renewed: [
    ...["claudeAiOauth.accessToken", "claudeAiOauth.refreshToken", "claudeAiOauth.expiresAt"],
    ...["claudeAiOauth.refreshTokenExpiresAt", "claudeAiOauth.subscriptionType"],
    "claudeAiOauth.rateLimitTier",
  ],
  how: "claude, then /login; on macOS: claude setup-token, and CLAUDE_CODE_OAUTH_TOKEN in .env",
};

export interface ClaudeSettings {
  /** Replaces Anthropic's API address; null for the official one. */
  readonly baseUrl: string | null;
}

export function createClaude({ baseUrl }: ClaudeSettings): Agent {
  return {
    name: "claude",
    home: "native",
    program: {
      name: "claude",
      versionArgs: ["--version"],
      install: "npm install -g @anthropic-ai/claude-code",
      tested: "2.1.328",
    },
    logins: [LOGIN],
    mode: () => "work",
    provider: () => ({ baseUrl: baseUrl ?? "https://api.anthropic.com", keys: KEYS, hosts: LOGIN_HOSTS }),
    launch: (request) => ({
      argv: ["claude", ...argsOf(request)],
      env: ENV,
      endpointEnv: endpointEnv(request.endpoint),
      secretEnv: KEYS.map(({ variable }) => variable),
      files: [{ in: "meta", path: SYSTEM_PROMPT_FILE, content: SYSTEM_PROMPT }],
      stdin: request.prompt,
    }),
    reader: createClaudeReader,
  };
}

function endpointEnv(endpoint: Endpoint | null): Readonly<Record<string, string>> {
  if (endpoint === null) return {};
  const { url, token, variable } = endpoint;
  return { ANTHROPIC_BASE_URL: url, ...(variable === null ? {} : { [variable]: token }) };
}

function argsOf({ model, resume, sessionId, paths }: LaunchRequest): readonly string[] {
  return [
    "-p",
    ...["--output-format", "stream-json"],
    "--verbose",
    "--dangerously-skip-permissions",
    ...(resume === null ? ["--session-id", sessionId] : ["--resume", resume]),
    ...["--append-system-prompt-file", posix.join(paths.meta, SYSTEM_PROMPT_FILE)],
    ...(model === null ? [] : ["--model", model]),
  ];
}
