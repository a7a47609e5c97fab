/**
 * An agent that the admin declares in YAML: any program, by its argument list. Never through a shell: `{prompt_file}`,
 * `{model}` and `{checkout}` are filled into the arguments as they are, wherever they stand in one.
 */
import { posix } from "node:path";
import type { CustomAgentConfig } from "../../config/config.ts";
import { Refusal } from "../../model/errors.ts";
import type { Agent, LaunchRequest, LaunchSpec } from "../agent.ts";
import { createCustomReader } from "./reader.ts";

const PROMPT_FILE = "prompt.md";

/** Throws a Refusal when the success pattern is no regular expression. */
export function createCustom(config: CustomAgentConfig & { readonly name: string }): Agent {
  const pattern = config.success.by === "line" ? compile(config.name, config.success.pattern) : null;
  const [program] = config.argv;
  return {
    name: config.name,
    home: "container",
    program: {
      name: program,
      versionArgs: null,
      install: config.install ?? `put ${program} on PATH`,
    },
    logins: [],
    mode: () => config.mode,
    provider: () => null,
    launch: (request) => launch(config, request),
    reader: () => createCustomReader({ name: config.name, pattern, mode: config.mode }),
  };
}

function launch(config: CustomAgentConfig & { readonly name: string }, request: LaunchRequest): LaunchSpec {
  const { model, paths, prompt } = request;
  const values: Readonly<Record<string, string | null>> = {
    prompt_file: posix.join(paths.meta, PROMPT_FILE),
    checkout: paths.checkout,
    model,
  };
  const fill = (argument: string) =>
    argument.replace(
      /\{(prompt_file|checkout|model)\}/g,
      (_, key: string) => values[key] ?? missing(config.name),
    );
  const [program, ...rest] = config.argv;
  const byFile = config.prompt === "file";
  return {
    argv: [program, ...rest.map(fill)],
    env: {},
    endpointEnv: {},
    secretEnv: [],
    files: byFile ? [{ in: "meta", path: PROMPT_FILE, content: prompt }] : [],
    stdin: byFile ? "" : prompt,
  };
}

function missing(name: string): never {
  throw new Refusal(
    `starting ${name}: its command line wants a model and none was named`,
    `say ${name}:<model>`,
  );
}

function compile(name: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new Refusal(
      `reading the agent ${name}: its success pattern ${JSON.stringify(pattern)} is no regular expression`,
      "correct the pattern in agents.yaml",
      { cause: error },
    );
  }
}
