/**
 * CodeRabbit's CLI: reviews what was committed since a base commit and changes nothing. It reads no prompt; with one,
 * the repository's CLAUDE.md is given to it as instructions. The model names what is reviewed (`--type`): all,
 * committed or uncommitted. Written from its documentation: the CLI is not on npm and no real one was run here.
 */
import type { Agent, LaunchRequest, Provider } from "../agent.ts";
import { createCoderabbitReader } from "./reader.ts";

/** It can not be led to an endpoint, so it has its key itself. */
const PROVIDER: Provider = { baseUrl: null, keys: [], hosts: ["coderabbit.ai", "*.coderabbit.ai"] };

export function createCoderabbit(settings: { readonly now: () => number }): Agent {
  return {
    name: "coderabbit",
    home: "native",
    program: {
      name: "coderabbit",
      versionArgs: ["--version"],
      install: "curl -fsSL https://cli.coderabbit.ai/install.sh | sh",
    },
    logins: [],
    mode: () => "review",
    provider: () => PROVIDER,
    launch: (request) => ({
      argv: ["coderabbit", ...argsOf(request)],
      env: {},
      endpointEnv: {},
      secretEnv: ["CODERABBIT_API_KEY"],
      files: [],
      stdin: "",
    }),
    reader: () => createCoderabbitReader(settings.now),
  };
}

function argsOf({ reviewFrom, model, prompt }: LaunchRequest): readonly string[] {
  return [
    "review",
    "--agent",
    ...["--base-commit", reviewFrom ?? "HEAD~1"],
    ...(model === null ? [] : ["--type", model]),
    ...(prompt.trim() === "" ? [] : ["-c", "CLAUDE.md"]),
    "--no-color",
  ];
}
