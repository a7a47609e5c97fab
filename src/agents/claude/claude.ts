/**
 * Anthropic's Claude Code CLI (`claude -p`, stream-json). The prompt goes in on stdin.
 *
 * IS_SANDBOX=1 is always set: as root the CLI refuses to work without asking unless the variable vouches for the
 * surroundings, for everybody else it changes nothing that we use, and an adapter knows neither user nor runtime.
 * Whether a run may be root is the admin's decision on the runtime; refusing here would only make every run of a
 * root container fail.
 *
 * The endpoint is the setting ANTHROPIC_BASE_URL of the agent's `env`; the CLI reads it itself.
 */
import { posix } from "node:path";
import type { Agent, LaunchRequest } from "../agent.ts";
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

export function createClaude(): Agent {
  return {
    name: "claude",
    home: "native",
    program: {
      name: "claude",
      versionArgs: ["--version"],
      install: "npm install -g @anthropic-ai/claude-code",
      tested: "2.1.328",
    },
    mode: () => "work",
    launch: (request) => ({
      argv: ["claude", ...argsOf(request)],
      env: ENV,
      secretEnv: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
      files: [{ in: "meta", path: SYSTEM_PROMPT_FILE, content: SYSTEM_PROMPT }],
      stdin: request.prompt,
    }),
    reader: createClaudeReader,
  };
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
