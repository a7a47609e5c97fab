/** Lays an agent's settings over its adapter: the default model, another program, more environment, a login. */
import type { AgentConfig } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import type { Agent, LaunchSpec, Provider } from "./agent.ts";

/** What models are called; no leading dash, so that it is never read as an option. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+[\]-]{0,127}$/;

/** `launch` throws a Refusal when the model is none by its name. */
export function configure(agent: Agent, config: AgentConfig): Agent {
  const program = config.program ?? agent.program.name;
  return {
    name: agent.name,
    home: agent.home,
    program: { ...agent.program, name: program },
    logins: config.home === "login" ? agent.logins : [],
    mode: (model) => agent.mode(model ?? config.defaultModel),
    provider: (model) => withLogin(agent.provider(model ?? config.defaultModel), config),
    reader: () => agent.reader(),
    launch(request) {
      const model = request.model ?? config.defaultModel;
      if (model !== null && !MODEL_NAME.test(model)) throw notAModel(agent.name, model);
      return adjust(agent.launch({ ...request, model }), program, config);
    },
  };
}

/** A CLI that finds a key in its environment may leave the login aside, and be billed for it. */
function adjust(spec: LaunchSpec, program: string, { env, home }: AgentConfig): LaunchSpec {
  const [, ...rest] = spec.argv;
  return {
    ...spec,
    argv: [program, ...rest],
    env: { ...spec.env, ...env, ...spec.endpointEnv },
    secretEnv: home === "login" ? [] : spec.secretEnv,
  };
}

function notAModel(agent: string, model: string): Refusal {
  const shown = JSON.stringify(model.slice(0, 60));
  return new Refusal(
    `starting ${agent}: ${shown} is no model's name`,
    "use letters, digits and . _ : / @ + - [ ], beginning with a letter or digit",
  );
}

/** A login can be held for nobody: the CLI itself renews it, at its provider's own hosts. */
function withLogin(provider: Provider | null, { home }: AgentConfig): Provider | null {
  if (home !== "login" || provider === null) return provider;
  const { baseUrl, hosts } = provider;
  return { baseUrl: null, keys: [], hosts: baseUrl === null ? hosts : [new URL(baseUrl).host, ...hosts] };
}
