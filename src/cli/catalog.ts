/** The commands: their names, arguments, options and words of help. Adding one: here, in `commands.ts` and `run.ts`. */

export interface OptionHelp {
  readonly type: "string" | "boolean";
  /** How the value is called in help texts; for strings. */
  readonly value?: string;
  readonly meaning: string;
}

export interface CommandHelp {
  /** One or two words. */
  readonly name: string;
  readonly positionals: readonly string[];
  readonly options: readonly string[];
  readonly summary: string;
  readonly details: string;
  readonly examples: readonly string[];
}

export const OPTIONS = {
  config: { type: "string", value: "FILE", meaning: "read this agents.yaml" },
  keep: { type: "boolean", meaning: "keep the demo's server and folder for looking around" },
  port: { type: "string", value: "N", meaning: "listen on this port" },
  url: { type: "string", value: "URL", meaning: "this server's address as the forge sees it" },
  json: { type: "boolean", meaning: "print JSON" },
  all: { type: "boolean", meaning: "show ended runs too" },
  follow: { type: "boolean", meaning: "go on until the run has ended" },
  runtime: { type: "string", value: "NAME", meaning: "try only this runtime, also one that no agent uses" },
  login: { type: "boolean", meaning: "ask each agent's provider for one short answer; costs a few tokens" },
  engine: { type: "string", value: "NAME", meaning: "docker or podman; else the first of them that answers" },
  tag: {
    type: "string",
    value: "NAME",
    meaning: "the image's name, instead of the default of dispatch.image",
  },
  pull: { type: "boolean", meaning: "fetch a newer base image first" },
  role: { type: "string", value: "ROLE", meaning: "all, web or worker; wins over ROLE of the environment" },
} as const satisfies Record<string, OptionHelp>;

/** Options of every command. */
export const GLOBAL_OPTIONS = {
  help: { type: "boolean", short: "h", meaning: "show help" },
  version: { type: "boolean", short: "v", meaning: "show the version" },
} as const;

export const CATALOG = [
  {
    name: "start",
    positionals: [],
    options: ["config", "role"],
    summary: "serve: take webhooks, run agents, answer",
    details:
      "Reads .env and agents.yaml of the working folder, says what is ready, and serves until SIGINT or SIGTERM. Running agents go on and are taken up at the next start, or are waited for (`dispatch.drain`). SIGHUP reads the configuration again. With PostgreSQL (DATABASE_URL) any number of processes may serve together: `web` takes webhooks and answers, `worker` runs agents, `all` does both.",
    examples: ["agent-dispatch start", "agent-dispatch start --role worker"],
  },
  {
    name: "demo",
    positionals: [],
    options: ["keep", "port"],
    summary: "show the whole loop on this machine in a minute",
    details:
      "Starts a small forge of its own and a scripted agent, and takes an issue from a label to a pull request. Needs no account, no key and no network, and changes nothing outside a temporary folder.",
    examples: ["agent-dispatch demo", "agent-dispatch demo --keep --port 4000"],
  },
  {
    name: "check",
    positionals: [],
    options: ["config", "json"],
    summary: "say what is set up and what is missing",
    details:
      "A quick look that starts nothing; `doctor` tries it. Exits with 1 when the configuration is wrong, or when no forge or no agent is ready.",
    examples: ["agent-dispatch check"],
  },
  {
    name: "doctor",
    positionals: [],
    options: ["runtime", "login", "json", "config"],
    summary: "try for real what check looks at",
    details:
      "Starts small agents in every runtime in use and sees what they reach, may do and leave; asks forges what the bot may do there; starts each agent's program; looks at folders, disk and clock. Changes nothing, and may run beside the server. Takes up to a few minutes. Exits with 1 when something fails.",
    examples: [
      "agent-dispatch doctor",
      "agent-dispatch doctor --login",
      "agent-dispatch doctor --runtime podman",
    ],
  },
  {
    name: "image build",
    positionals: [],
    options: ["engine", "tag", "pull", "config"],
    summary: "build the container image agents run in",
    details:
      "With git, Node, Python, a C++ compiler, and the programs of codex, claude and gemini at the versions that were tested. Needs docker or podman, and takes some minutes and two gigabytes.",
    examples: ["agent-dispatch image build", "agent-dispatch image build --engine podman --pull"],
  },
  {
    name: "setup github",
    positionals: [],
    options: ["port", "url"],
    summary: "make the GitHub App in the browser",
    details:
      "Serves a page on localhost that creates the App with the least permissions it needs, and writes its credentials into .env. The App's webhook goes to --url, or through a smee.io channel when it is left out.",
    examples: ["agent-dispatch setup github --url https://dispatch.example.com"],
  },
  {
    name: "forge add-hook",
    positionals: ["forge", "owner[/repository]"],
    options: ["url", "config"],
    summary: "make the webhook on Forgejo or Gitea",
    details:
      "Makes it for one repository, or for all of an organisation's. The address is --url, or `dispatch.public_url` of agents.yaml.",
    examples: [
      "agent-dispatch forge add-hook forgejo acme/shop",
      "agent-dispatch forge add-hook codeberg acme --url https://dispatch.example.com",
    ],
  },
  {
    name: "status",
    positionals: [],
    options: ["all", "json", "config"],
    summary: "list runs, and what holds the queue",
    details: "Lists queued, working and blocked runs; --all lists ended ones too.",
    examples: ["agent-dispatch status", "agent-dispatch status --all --json"],
  },
  {
    name: "logs",
    positionals: ["run"],
    options: ["follow", "config"],
    summary: "print a run's log",
    details: "The run is named by its id, or by the beginning of it, as `status` prints it.",
    examples: ["agent-dispatch logs 01k9 --follow"],
  },
  {
    name: "backup",
    positionals: ["file"],
    options: ["config"],
    summary: "copy the SQLite database while the server runs",
    details:
      "Writes a checked copy of the queue and all history to a new file. With PostgreSQL use pg_dump. How to restore: docs/operations.md.",
    examples: ["agent-dispatch backup /backup/dispatch-2027-01-31.sqlite"],
  },
  {
    name: "migrate-store",
    positionals: [],
    options: ["config"],
    summary: "move everything from SQLite to PostgreSQL",
    details:
      "With the server stopped and DATABASE_URL set: copies all of the SQLite database in DATA_DIR to an empty PostgreSQL database, in one transaction, and sets the old file aside. Safe to call again after it was interrupted.",
    examples: ["agent-dispatch migrate-store"],
  },
  {
    name: "freeze",
    positionals: [],
    options: ["config"],
    summary: "start no more runs; queued ones wait",
    details: "Runs that work already go on. New commands are still taken and queued.",
    examples: ["agent-dispatch freeze"],
  },
  {
    name: "thaw",
    positionals: [],
    options: ["config"],
    summary: "start runs again after a freeze",
    details: "The queue goes on where it stopped.",
    examples: ["agent-dispatch thaw"],
  },
  {
    name: "pool resume",
    positionals: ["pool"],
    options: ["config"],
    summary: "end an agent's pause",
    details: "An agent is paused after several quick failures in a row (`rates`).",
    examples: ["agent-dispatch pool resume codex"],
  },
] as const satisfies readonly CommandHelp[];

export type OptionName = keyof typeof OPTIONS;
export type CommandName = (typeof CATALOG)[number]["name"];
