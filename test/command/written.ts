/** Commands as values and as text, for the tests of the grammar: generators, and a writer that parsing undoes. */
import fc from "fast-check";
import { parseComment } from "../../src/command/parse.ts";
import type { Command, CommandError, DispatchCommand } from "../../src/model/command.ts";

export const AGENTS = ["codex", "claude", "gemini", "coderabbit", "local"];

export function parse(body: string): readonly (Command | CommandError)[] {
  return parseComment(body, { prefix: "/dispatch", agents: AGENTS });
}

export function dispatchOf(fields: Partial<DispatchCommand> = {}): DispatchCommand {
  return {
    kind: "dispatch",
    agent: null,
    template: null,
    persona: null,
    plan: null,
    variables: {},
    branch: null,
    tag: null,
    timeoutMs: null,
    dryRun: false,
    task: "",
    ...fields,
  };
}

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/);
const refName = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}(\/[a-z0-9_-]{1,9})?$/);
const agent = fc
  .tuple(fc.constantFrom(...AGENTS), fc.option(fc.stringMatching(/^[a-z0-9][a-z0-9._:-]{0,12}$/)))
  .map(([pool, model]) => (model === null ? pool : `${pool}:${model}`));
/** Text without a line that is a command itself, and without what CR and trimming change. */
const text = fc
  .string({ unit: "grapheme", maxLength: 200 })
  .map((some) => some.replace(/\r/g, "").trim())
  .filter((some) => !/^[ \u00a0]{0,3}\//m.test(some));

const dispatches: fc.Arbitrary<DispatchCommand> = fc.record(
  {
    kind: fc.constant("dispatch" as const),
    agent: fc.option(agent),
    template: fc.option(name),
    persona: fc.option(name),
    plan: fc.option(name),
    variables: fc.dictionary(
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/),
      fc.string({ maxLength: 20 }),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    branch: fc.option(refName),
    tag: fc.constant(null),
    timeoutMs: fc.option(fc.integer({ min: 10, max: 86_400 }).map((seconds) => seconds * 1000)),
    dryRun: fc.boolean(),
    task: text,
  },
  { noNullPrototype: true },
);

export const commands: fc.Arbitrary<Command> = fc.oneof(
  dispatches,
  fc.constantFrom(
    { kind: "status" as const },
    { kind: "cancel" as const },
    { kind: "retry" as const },
    { kind: "help" as const },
  ),
  text.filter((some) => some !== "").map((some) => ({ kind: "answer" as const, text: some })),
);

export function write(command: Command): string {
  if (command.kind === "answer") return `/dispatch answer ${command.text}`;
  if (command.kind !== "dispatch") return `/dispatch ${command.kind}`;
  const flags = [
    ...(["template", "persona", "plan", "branch", "tag"] as const).map((flag) => pair(flag, command[flag])),
    ...Object.entries(command.variables).map(([key, value]) => pair("var", `${key}=${value}`)),
    pair("timeout", command.timeoutMs === null ? null : `${command.timeoutMs / 1000}s`),
    command.dryRun ? "--dry-run" : "",
  ];
  return ["/dispatch", command.agent ?? "", ...flags, "--", command.task].filter(Boolean).join(" ");
}

function pair(flag: string, value: string | null): string {
  if (value === null) return "";
  const escaped = value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  return `--${flag} "${escaped}"`;
}
