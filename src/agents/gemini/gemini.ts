/**
 * Google's Gemini CLI (stream-json). The prompt goes in on stdin. Its own sandbox stays off: it would pull an image,
 * and the runtime is the sandbox here.
 *
 * Key: GEMINI_API_KEY; GOOGLE_API_KEY is read for Vertex AI only, chosen by the setting
 * GOOGLE_GENAI_USE_VERTEXAI of the agent's `env`. Endpoint: GOOGLE_GEMINI_BASE_URL there.
 * A session can be resumed in the same checkout folder only.
 */
import type { Agent, LaunchFile, LaunchRequest } from "../agent.ts";
import { createGeminiReader } from "./reader.ts";

export interface GeminiSettings {
  readonly vertexAi: boolean;
}

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
function settingsFile({ vertexAi }: GeminiSettings): LaunchFile {
  const content = {
    security: { auth: { selectedType: vertexAi ? "vertex-ai" : "gemini-api-key" } },
    general: { enableAutoUpdate: false, maxAttempts: 3 },
    privacy: { usageStatisticsEnabled: false },
  };
  return { in: "home", path: ".gemini/settings.json", content: `${JSON.stringify(content, null, 2)}\n` };
}
