/**
 * Google's Gemini CLI (stream-json). The prompt goes in on stdin. Its own sandbox stays off: it would pull an image,
 * and the runtime is the sandbox here.
 *
 * Key: GEMINI_API_KEY; GOOGLE_API_KEY is read for Vertex AI only, chosen by the setting
 * GOOGLE_GENAI_USE_VERTEXAI of the agent's `env`. Endpoint: GOOGLE_GEMINI_BASE_URL there.
 * A session can be resumed in the same checkout folder only.
 */
import type { Agent, LaunchFile, LaunchRequest, Login } from "../agent.ts";
import { createGeminiReader } from "./reader.ts";

export interface GeminiSettings {
  /** How it proves who it is; the names are the CLI's own. */
  readonly auth: "gemini-api-key" | "vertex-ai" | "oauth-personal";
}

/** Google's refresh token stays the same, so it is not taken back: nobody can plant another. */
const LOGIN: Login = {
  path: ".gemini/oauth_creds.json",
  fields: ["access_token", "refresh_token", "id_token", "token_type", "scope", "expiry_date"],
  secrets: ["access_token", "refresh_token", "id_token"],
  renewed: ["access_token", "id_token", "expiry_date"],
  how: "gemini, then Login with Google",
};

export function createGemini(settings: GeminiSettings): Agent {
  return {
    name: "gemini",
    home: "container",
    program: { name: "gemini", versionArgs: ["--version"], install: "npm install -g @google/gemini-cli" },
    logins: [LOGIN],
    mode: () => "work",
    launch: (request) => ({
      argv: ["gemini", ...argsOf(request)],
      env: { GEMINI_CLI_NO_RELAUNCH: "true" },
      secretEnv: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
      files: [settingsFile(settings)],
      stdin: request.prompt,
    }),
    reader: createGeminiReader,
  };
}

function argsOf({ model, resume, sessionId }: LaunchRequest): readonly string[] {
  return [
    "--yolo",
    // Without trust in the folder, --yolo is quietly taken back.
    "--skip-trust",
    ...["--output-format", "stream-json"],
    ...(model === null ? [] : ["-m", fullName(model)]),
    ...(resume === null ? ["--session-id", sessionId] : ["--resume", resume]),
  ];
}

/** `flash` is short for `gemini-2.5-flash`; full names stay. */
function fullName(model: string): string {
  return model.startsWith("gemini-") ? model : `gemini-2.5-${model}`;
}

/** Without it the CLI asks how to log in. */
function settingsFile({ auth }: GeminiSettings): LaunchFile {
  const content = {
    security: { auth: { selectedType: auth } },
    general: { enableAutoUpdate: false, maxAttempts: 3 },
    privacy: { usageStatisticsEnabled: false },
  };
  return { in: "home", path: ".gemini/settings.json", content: `${JSON.stringify(content, null, 2)}\n` };
}
