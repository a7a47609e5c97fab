/**
 * agents.yaml, as it is written. The one description of it: the JSON Schema for editors, docs/configuration.md and
 * the checks at start all come from here. Units and defaults that depend on other keys are `load.ts`'s work.
 */
import { z } from "zod";
import { agent } from "./agent-schema.ts";
import * as field from "./fields.ts";
import { housekeeping } from "./housekeeping-schema.ts";
import { REGISTRIES } from "./registries.ts";

/** What `image build` makes. The number grows when something that agents had is no longer in it. */
export const AGENT_IMAGE = "localhost/agent-dispatch-agent:1";

const dispatch = z.strictObject({
  agent: field.agentChoice.default("codex").meta({ description: "The agent of a command that names none." }),
  template: field.templateName
    .default("coding")
    .meta({ description: "The prompt template of a command that names none." }),
  runtime: field.runtime.default("auto").meta({
    description:
      "Where agents run. `native` is the host itself, confined by bubblewrap (`confined`); `auto` is the first of apple, docker and podman that works and can hold agents to what is set below. claude and coderabbit run on the host unless their own `runtime` says otherwise. `CORE_AGENT_RUNTIME` wins over it.",
  }),
  image: field.text.default(AGENT_IMAGE).meta({
    description:
      "The container image agents run in; `agent-dispatch image build` makes the default one. `AGENT_DOCKER_IMAGE` wins over it.",
  }),
  gpu: field.flag.default(false).meta({ description: "Give containers the GPU." }),
  user: field.containerUser.default("1000:1000").meta({
    description: "Who agents are inside containers, where the server is root; else its own user.",
  }),
  network: field.network.optional().meta({
    description:
      "What agents may reach: `open` everything, `none` nothing, `allowlist` their model's provider and `allow`, through a proxy of the bot's that also holds the provider's key. Without it: `allowlist` for agents whose provider is known, where the runtime can hold them to it; else `open`.",
    examples: ["allowlist"],
  }),
  allow: z
    .array(field.hostPattern)
    .default([...REGISTRIES])
    .meta({
      title: "a list of hosts",
      description: "With `allowlist`: hosts reached besides the model's provider.",
      examples: [["registry.npmjs.org", "*.example.com", "192.168.1.10:8080"]],
    }),
  confined: field.flag.default(true).meta({
    description:
      "Confine agents that run on the host by bubblewrap: of the server's files they see none, and they write in their own workspace only; where that cannot be, they are refused. `false` runs them with all rights of the server's user.",
  }),
  draft: field.flag.default(false).meta({ description: "Open pull requests as drafts." }),
  timeout: field.duration.default("60m").meta({ description: "Longest time an agent may work on a run." }),
  idle_timeout: field.duration
    .default("15m")
    .meta({ description: "Longest time an agent may print nothing." }),
  grace: field.duration
    .default("10s")
    .meta({ description: "Time between asking an agent to end and ending it by force." }),
  workspace_root: field.path.optional().meta({
    description: "Where checkouts are made. Without it: `workspace` in `DATA_DIR`.",
    examples: ["/srv/dispatch"],
  }),
  spares: field.flag.default(true).meta({
    description:
      "Keep a spare checkout of each repository, so that runs start sooner. Costs the space of one more working tree.",
  }),
  drain: z.enum(["leave", "wait"]).default("leave").meta({
    title: "leave or wait",
    description:
      "What becomes of running agents when the server stops: `leave` keeps them alive for the next start to take up, `wait` stops the server when they have ended.",
  }),
  lease: field.durationFrom("10s").default("30s").meta({
    description:
      "With PostgreSQL: how long a worker may be silent before its runs count as lost. A worker that was cut off for so long stops its agents.",
  }),
  lost: z.enum(["restart", "fail"]).default("restart").meta({
    title: "restart or fail",
    description:
      "With PostgreSQL: what becomes of a run whose worker was lost: `restart` begins it anew on another worker, `fail` ends it as failed.",
  }),
  catch_up: field.interval("30s").default("5m").meta({
    description:
      "How often forges are asked for what they did not deliver, such as while the server was down. `never`: only at start.",
  }),
  templates: field.path.optional().meta({
    description: "A folder of your own templates, personas and plans, searched before the shipped ones.",
    examples: ["./templates"],
  }),
  public_url: field.httpUrl.optional().meta({
    description: "Where forges and people reach this server. `forge add-hook` needs it.",
    examples: ["https://dispatch.example.com"],
  }),
  memory: field.size
    .optional()
    .meta({ description: "Memory of one agent. Without it: no limit.", examples: ["4g"] }),
  cpus: z
    .number()
    .positive()
    .max(1024)
    .optional()
    .meta({
      title: "a number above 0",
      description: "Processors of one agent. Without it: no limit.",
      examples: [2],
    }),
  pids: z
    .int()
    .min(32)
    .max(1_000_000)
    .optional()
    .meta({
      title: "a whole number from 32",
      description: "Processes and threads of one agent. Without it: no limit.",
      examples: [512],
    }),
  disk: field.size.optional().meta({
    description:
      "Room that the folders of one run may take up, its checkout included: beyond it the agent is stopped. Without it: no limit. When the disk of the workspaces is nearly full, the agent that takes up most is stopped in any case.",
    examples: ["20g"],
  }),
  log_limit: field.size
    .default("4m")
    .meta({ description: "Readable log kept of a run; the middle is dropped beyond it." }),
  output_limit: field.size
    .default("256m")
    .meta({ description: "An agent that prints more than this is stopped." }),
});

const pool = z
  .union([
    field.count,
    z.strictObject({
      total: field.count.optional().meta({ description: "Runs of the agent at once, whatever the model." }),
      models: z
        .record(field.modelName, field.count)
        .default({})
        .meta({ description: "Runs at once of one of its models.", examples: [{ "gpt-5": 1 }] }),
    }),
  ])
  .meta({ title: "a whole number from 1, or { total, models }" });

const concurrency = z.strictObject({
  total: field.count.default(4).meta({ description: "Runs at once." }),
  per_repository: field.count
    .optional()
    .meta({ description: "Runs at once in one repository. Without it: no limit.", examples: [1] }),
  per_pool: field.count.optional().meta({
    description: "Runs at once of one agent not listed in `pools`. Without it: no limit.",
    examples: [2],
  }),
  pools: z
    .record(field.agentName, pool)
    .default({})
    .meta({
      title: "agent: number, or agent: { total, models }",
      description: "Runs at once of one agent, and of its models.",
      examples: [{ codex: 2, claude: { total: 2, models: { opus: 1 } } }],
    }),
});

const rates = z.strictObject({
  failures: field.count.default(3).meta({ description: "Quick failures in a row that pause an agent." }),
  window: field.duration
    .default("60s")
    .meta({ description: "A failure is quick when it comes within this time of the agent's start." }),
  pause: field.duration.default("30m").meta({ description: "How long an agent is paused after that." }),
});

const forge = z.strictObject({
  kind: z
    .enum(["github", "forgejo", "gitea"])
    .meta({ title: "github, forgejo, gitea", description: "What the forge is." }),
  url: field.httpUrl.optional().meta({
    description:
      "Forgejo and Gitea: the address of the web page, required. GitHub Enterprise: the API's address. Left out for github.com.",
    examples: ["https://codeberg.org"],
  }),
  webhook_secret_env: field.variable.meta({
    description: "The variable that holds the webhook secret: 16 characters or more.",
    examples: ["CODEBERG_WEBHOOK_SECRET"],
  }),
  token_env: field.variable.optional().meta({
    description: "The variable that holds the bot account's token. Required for Forgejo and Gitea.",
    examples: ["CODEBERG_TOKEN"],
  }),
  app_id_env: field.variable.optional().meta({
    description: "GitHub App: the variable that holds the App's id.",
    examples: ["APP_ID"],
  }),
  private_key_env: field.variable.optional().meta({
    description:
      "GitHub App: the variable that holds the private key (PEM, or PEM in base64). A name that ends in _PATH holds the path of the key's file instead.",
    examples: ["PRIVATE_KEY_PATH"],
  }),
  webhook_proxy: field.httpUrl.optional().meta({
    description: "A smee.io channel, for a machine that forges cannot reach.",
    examples: ["https://smee.io/your-channel"],
  }),
});

const permission = z.strictObject({
  users: z
    .array(field.login)
    .default([])
    .meta({
      title: "a list of logins",
      description:
        "Only these people, and members of `teams`, may dispatch. Without both: everyone who may write to the repository.",
      examples: [["alice"]],
    }),
  teams: z
    .array(field.team)
    .default([])
    .meta({
      title: "a list of organisation/team",
      description: "See `users`.",
      examples: [["acme/maintainers"]],
    }),
  bots: z
    .array(field.login)
    .default([])
    .meta({
      title: "a list of logins",
      description: "Bots that may dispatch; all others are refused.",
      examples: [["release-bot[bot]"]],
    }),
  repositories: z
    .array(field.repositoryPattern)
    .default([])
    .meta({
      title: "a list of owner/name or owner/*",
      description: "Repositories served. Without it: every repository whose forge sends webhooks.",
      examples: [["acme/*"]],
    }),
  trusted_writers: z
    .array(field.login)
    .default([])
    .meta({
      title: "a list of logins",
      description:
        "Forgejo and Gitea: people taken for writers where the bot is no admin of the repository and so may not ask.",
      examples: [["alice"]],
    }),
  strangers_comments: z.enum(["leave_out", "frame"]).default("leave_out").meta({
    title: "leave_out or frame",
    description:
      "What an agent is told of comments of people who may not write: nothing, or their text, framed as data of strangers.",
  }),
});

const git = z.strictObject({
  name: field.text.default("agent-dispatch").meta({ description: "The author's name on commits." }),
  email: field.text
    .default("agent-dispatch@noreply.invalid")
    .meta({ description: "The author's address on commits." }),
  signing_key: field.text.optional().meta({
    description:
      "Signs every commit the bot publishes: the path of a private SSH key without a passphrase, or the fingerprint of an OpenPGP key of the server's user.",
    examples: ["/srv/dispatch/signing-key"],
  }),
});

export const settingsSchema = z.strictObject({
  dispatch: dispatch
    .prefault({})
    .meta({ description: "What a run is like unless a command says otherwise." }),
  concurrency: concurrency
    .prefault({})
    .meta({ description: "How many runs work at once. The others wait in the queue." }),
  rates: rates.prefault({}).meta({ description: "When an agent that keeps failing at once is paused." }),
  forges: z.record(field.forgeName, forge).default({}).meta({
    description: "The forges served, by a name of your choice: small letters, digits and -.",
  }),
  permission: permission.prefault({}).meta({
    description: "Who may dispatch, besides being able to write to the repository.",
  }),
  agents: z.record(field.agentName, agent).default({}).meta({
    description:
      "Settings of agents, by name. codex, claude, gemini, coderabbit and local are there without being listed.",
  }),
  git: git.prefault({}).meta({ description: "Who commits." }),
  housekeeping: housekeeping.prefault({}).meta({
    description:
      "What is removed when it is no longer of use. Nothing of a queued, working or blocked run is ever removed.",
  }),
});

export type Settings = z.output<typeof settingsSchema>;
export type ForgeSettings = z.output<typeof forge>;
