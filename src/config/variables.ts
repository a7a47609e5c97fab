/** Every environment variable the server itself reads: what docs/configuration.md says of them. */

export interface Variable {
  readonly name: string;
  readonly default: string | null;
  readonly meaning: string;
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export const VARIABLES: readonly Variable[] = [
  { name: "APP_ID", default: null, meaning: "GitHub App: its id. With a key, it makes the forge `github`." },
  { name: "PRIVATE_KEY", default: null, meaning: "GitHub App: its private key, as PEM or as PEM in base64." },
  {
    name: "PRIVATE_KEY_PATH",
    default: null,
    meaning: "GitHub App: the path of the private key's file instead.",
  },
  {
    name: "GITHUB_TOKEN",
    default: null,
    meaning: "Instead of an App: the token of a bot account. An App wins over it.",
  },
  { name: "WEBHOOK_SECRET", default: null, meaning: "GitHub: the webhook secret, 16 characters or more." },
  {
    name: "WEBHOOK_PROXY_URL",
    default: null,
    meaning: "GitHub: a smee.io channel, for a machine GitHub cannot reach.",
  },
  { name: "GHE_HOST", default: null, meaning: "GitHub Enterprise Server: its host name." },
  { name: "GHE_PROTOCOL", default: "https", meaning: "GitHub Enterprise Server: `https` or `http`." },
  {
    name: "FORGEJO_URL",
    default: null,
    meaning: "Forgejo or Gitea: the address of its web page. It makes the forge `forgejo`.",
  },
  { name: "FORGEJO_TOKEN", default: null, meaning: "Forgejo or Gitea: the bot account's token." },
  {
    name: "FORGEJO_WEBHOOK_SECRET",
    default: null,
    meaning: "Forgejo or Gitea: the webhook secret, 16 characters or more.",
  },
  { name: "HOST", default: "127.0.0.1", meaning: "The address to listen on; `0.0.0.0` for all." },
  { name: "PORT", default: "3000", meaning: "The port to listen on; 0 for any free one." },
  { name: "LOG_LEVEL", default: "info", meaning: `One of ${LOG_LEVELS.join(", ")}.` },
  { name: "DATA_DIR", default: "./data", meaning: "Where the database, mirrors and logs are kept." },
  {
    name: "DATABASE_URL",
    default: null,
    meaning:
      "PostgreSQL instead of SQLite in `DATA_DIR`, for many machines: `postgres://user:password@host:5432/database`.",
  },
  {
    name: "ROLE",
    default: "all",
    meaning:
      "What this process does: `web` takes webhooks and answers, `worker` runs agents, `all` does both. `web` and `worker` need `DATABASE_URL`. `--role` wins over it.",
  },
  {
    name: "AGENT_DISPATCH_CONFIG",
    default: "./agents.yaml",
    meaning: "The path of agents.yaml. The default one need not exist.",
  },
  {
    name: "CORE_AGENT_RUNTIME",
    default: null,
    meaning:
      "`auto`, `native`, `docker`, `podman` or `apple`. Replaces every `runtime` written in agents.yaml, of `dispatch` and of single agents. claude and coderabbit without a `runtime` stay on the host.",
  },
  { name: "AGENT_DOCKER_IMAGE", default: null, meaning: "The container image; wins over `dispatch.image`." },
];
