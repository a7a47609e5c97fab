/** One agent's settings in agents.yaml, and how another program is made an agent. */
import { z } from "zod";
import * as field from "./fields.ts";

const custom = z.strictObject({
  argv: z
    .array(z.string())
    .min(1)
    .meta({
      title: "a list of texts",
      description:
        "The command line; no shell reads it. `{prompt_file}`, `{model}` and `{checkout}` are filled in.",
      examples: [["aider", "--yes", "--message-file", "{prompt_file}"]],
    }),
  prompt: z
    .enum(["stdin", "file"])
    .default("stdin")
    .meta({ title: "stdin, file", description: "How the prompt reaches it." }),
  success: z
    .union([
      z.literal("exit"),
      z.strictObject({
        line: field.text.meta({
          title: "a regular expression",
          description:
            "The last line of output that matches means success; its first group is the last message.",
        }),
      }),
    ])
    .default("exit")
    .meta({
      title: "exit, or { line: a regular expression }",
      description: "How success is told: by exit code 0, or by exit code 0 and a line of output.",
      examples: [{ line: "^DONE: (.*)$" }],
    }),
  mode: z.enum(["work", "review"]).default("work").meta({
    title: "work, review",
    description: "`work` is committed and pushed; of a `review` the last message is the result.",
  }),
  install: field.text.optional().meta({
    description: "How to install it, told to people when it is missing.",
    examples: ["pipx install aider-chat"],
  }),
});

export const agent = z.strictObject({
  enabled: field.flag.default(true).meta({ description: "Whether people may ask for it." }),
  runtime: field.runtime.optional().meta({
    description:
      "Where it runs. Without it: claude and coderabbit on the host, all others where `dispatch.runtime` says. `CORE_AGENT_RUNTIME` wins over it.",
    examples: ["native"],
  }),
  image: field.text.optional().meta({
    description: "The container image it runs in. Without it: `dispatch.image`.",
    examples: ["ghcr.io/acme/agents@sha256:…"],
  }),
  network: field.network.optional().meta({
    description: "What it may reach. Without it: `dispatch.network`.",
    examples: ["none"],
  }),
  allow: z
    .array(field.hostPattern)
    .default([])
    .meta({
      title: "a list of hosts",
      description: "With `allowlist`: hosts it reaches besides its provider and `dispatch.allow`.",
      examples: [["llm.example.com"]],
    }),
  confined: field.flag.optional().meta({
    description: "Whether it is confined when it runs on the host. Without it: `dispatch.confined`.",
    examples: [false],
  }),
  program: field.text.optional().meta({
    description: "The program to run instead of the one named like the agent, such as an absolute path.",
    examples: ["/opt/codex/bin/codex"],
  }),
  home: z.enum(["run", "login"]).default("run").meta({
    title: "run, login",
    description:
      "`run`: an empty home folder for each run, and a key from the environment. `login`: no key; the login of the server's user is lent to the run and, when the program has renewed it, taken back (codex, claude and gemini).",
  }),
  env: z
    .record(field.plainVariable, field.plainValue)
    .default({})
    .meta({
      title: "name: text",
      description: "Plain settings for it; no secrets.",
      examples: [{ OPENAI_BASE_URL: "https://llm.example.com/v1" }],
    }),
  secret_env: z
    .array(field.variable)
    .default([])
    .meta({
      title: "a list of variable names",
      description:
        "Variables of the server passed on to it besides its own provider key. Never a forge's credential.",
      examples: [["AZURE_API_KEY"]],
    }),
  model: field.modelName
    .optional()
    .meta({ description: "The model of a command that names none.", examples: ["gpt-5"] }),
  custom: custom
    .optional()
    .meta({ description: "Makes any other program an agent. Required for a name that is not built in." }),
});

export type AgentSettings = z.output<typeof agent>;
