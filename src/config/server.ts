/** What the environment alone decides: where the server listens and keeps its data, and what wins over the file. */
import { resolve } from "node:path";
import type { RuntimeChoice } from "./config.ts";
import type { Environment } from "./environment.ts";
import { RUNTIME_CHOICES } from "./fields.ts";
import type { Problems } from "./problems.ts";
import { unknownWord } from "./unknown-word.ts";
import { LOG_LEVELS } from "./variables.ts";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly dataDir: string;
  /** Wins over every runtime written in agents.yaml. */
  readonly runtime: RuntimeChoice | null;
  /** Wins over `dispatch.image`. */
  readonly image: string | null;
}

export function readServer(environment: Environment, cwd: string, problems: Problems): ServerSettings {
  return {
    host: environment.get("HOST") ?? "127.0.0.1",
    port: readPort(environment, problems),
    logLevel: oneOf("LOG_LEVEL", LOG_LEVELS, environment, problems) ?? "info",
    dataDir: resolve(cwd, environment.get("DATA_DIR") ?? "data"),
    runtime: oneOf("CORE_AGENT_RUNTIME", RUNTIME_CHOICES, environment, problems),
    image: environment.get("AGENT_DOCKER_IMAGE") ?? null,
  };
}

function readPort(environment: Environment, problems: Problems): number {
  const text = environment.get("PORT") ?? "3000";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  if (port > 65_535) problems.variable("PORT", "is no port", "a whole number from 0 to 65535");
  return port;
}

function oneOf<Word extends string>(
  name: string,
  words: readonly Word[],
  environment: Environment,
  problems: Problems,
): Word | null {
  const given = environment.get(name);
  if (given === undefined) return null;
  const word = words.find((one) => one === given);
  if (word === undefined) {
    problems.variable(name, unknownWord(given, words), words.join(", "));
  }
  return word ?? null;
}
