/** What `/dispatch help` says. Its flags and commands are those of `command/parse.ts`; a test compares them. */
import { code } from "./markdown.ts";

export interface HelpView {
  readonly agents: readonly string[];
  readonly defaultAgent: string;
  readonly templates: readonly string[];
}

const COMMANDS = `| command | what it does |
| --- | --- |
| \`/dispatch [agent[:model]] [flags] [task]\` | starts a run; without a task, the issue itself is the task |
| \`/dispatch status\` | tells how the run stands |
| \`/dispatch cancel\` | stops it |
| \`/dispatch retry\` | starts it again after it failed, timed out or was cancelled |
| \`/dispatch answer <text>\` | answers the agent's question |
| \`/dispatch help\` | shows this |`;

const FLAGS = `| flag | meaning |
| --- | --- |
| \`--template NAME\` | how the agent is told to work |
| \`--persona NAME\` | who the agent is told to be |
| \`--plan NAME\` | a plan to follow, filled in with \`--var\` |
| \`--var name=value\` | a variable of the plan; may be given several times |
| \`--branch NAME\` | the branch to start from |
| \`--tag NAME\` | the tag to start from |
| \`--timeout 30m\` | the time limit, from \`10s\` to \`24h\` |
| \`--dry-run\` | shows the prompt and starts nothing |`;

export function help(view: HelpView): string {
  const agents = view.agents.map((agent) =>
    agent === view.defaultAgent ? `${code(agent)} (default)` : code(agent),
  );
  const templates = view.templates.length > 0 ? `\n\nTemplates: ${view.templates.map(code).join(", ")}.` : "";
  return `A command stands at the start of a line; task and answer run to the end of the comment. A label \`dispatch:<agent>\` starts a run too.

${COMMANDS}

${FLAGS}

Agents: ${agents.join(", ")}.${templates}`;
}
