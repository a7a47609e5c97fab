/**
 * A model on one's own machine, served by Ollama and driven by the codex CLI. The codex adapter is handed in by the
 * registry: an adapter imports no sibling. Where Ollama listens is the setting CODEX_OSS_BASE_URL of the agent's
 * `env` (the CLI ignores OLLAMA_HOST).
 */
import type { Agent } from "../agent.ts";

const DEFAULT_MODEL = "devstral-24b";

/** What this adapter asks of the codex adapter. */
export interface LocalVariant {
  readonly name: "local";
  readonly ollama: true;
  readonly defaultModel: string;
  readonly secretEnv: readonly string[];
}

/** No keys are passed on: the model is one's own. */
export function createLocal(codex: (variant: LocalVariant) => Agent): Agent {
  return codex({ name: "local", ollama: true, defaultModel: DEFAULT_MODEL, secretEnv: [] });
}
