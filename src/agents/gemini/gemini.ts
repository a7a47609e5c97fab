/**
 * Google's Gemini CLI (stream-json). The prompt goes in on stdin. Its own sandbox stays off: it would pull an image,
 * and the runtime is the sandbox here.
 *
 * Key: GEMINI_API_KEY; GOOGLE_API_KEY is read for Vertex AI only, chosen by the setting
 * GOOGLE_GENAI_USE_VERTEXAI of the agent's `env`. Where its provider is: GOOGLE_GEMINI_BASE_URL there, with Vertex AI
 * GOOGLE_VERTEX_BASE_URL.
 * A session can be resumed in the same checkout folder only.
 */
import type { Agent, Endpoint, LaunchFile, LaunchRequest, Login } from "../agent.ts";
import { createGeminiReader } from "./reader.ts";

export interface GeminiSettings {
  /** How it proves who it is; the names are the CLI's own. */
  readonly auth: "gemini-api-key" | "vertex-ai" | "oauth-personal";
  /** Replaces Google's API address; null for the official one. */
  readonly baseUrl: string | null;
}

/** A Google account's login is made and used there. */
const LOGIN_HOSTS = ["cloudcode-pa.googleapis.com", "oauth2.googleapis.com", "accounts.google.com"];

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
    program: {
      name: "gemini",
      versionArgs: ["--version"],
      install: "npm install -g @google/gemini-cli",
      tested: "0.61.0",
    },
    logins: [LOGIN],
    mode: () => "work",
    provider: () => ({
      baseUrl:
        settings.baseUrl ??
        `https://${settings.auth === "vertex-ai" ? "aiplatform" : "generativelanguage"}.googleapis.com`,
      keys: [
        {
          variable: settings.auth === "vertex-ai" ? "GOOGLE_API_KEY" : "GEMINI_API_KEY",
          header: "x-goog-api-key",
        },
      ],
      hosts: LOGIN_HOSTS,
    }),
    launch: (request) => ({
      argv: ["gemini", ...argsOf(request)],
      env: { GEMINI_CLI_NO_RELAUNCH: "true" },
      endpointEnv: endpointEnv(request.endpoint, settings),
      secretEnv: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
      files: [settingsFile(settings)],
      stdin: request.prompt,
    }),
    reader: createGeminiReader,
  };
}

function endpointEnv(endpoint: Endpoint | null, { auth }: GeminiSettings): Readonly<Record<string, string>> {
  if (endpoint === null) return {};
  const { url, token, variable } = endpoint;
  const base = auth === "vertex-ai" ? "GOOGLE_VERTEX_BASE_URL" : "GOOGLE_GEMINI_BASE_URL";
  return { [base]: url, ...(variable === null ? {} : { [variable]: token }) };
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
