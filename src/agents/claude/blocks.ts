/** What claude says and does in one message, block by block, in our words. */
import type { AgentEvent } from "../agent.ts";
import type { ClaudeBlock } from "./events.ts";

export function blockEvents(block: ClaudeBlock): readonly AgentEvent[] {
  switch (block.type) {
    case "text":
      return block.text === null ? [] : [{ kind: "message", text: block.text }];
    case "thinking":
      return block.thinking === null ? [] : [{ kind: "thinking", text: block.thinking }];
    case "tool_use":
      return toolEvents(block);
    default:
      return [];
  }
}

function toolEvents({ name, input }: ClaudeBlock): readonly AgentEvent[] {
  if (input === null) return [];
  if (name === "Bash") return input.command === null ? [] : [{ kind: "command", command: input.command }];
  if (name === "TodoWrite") {
    return [
      {
        kind: "plan",
        items: input.todos.map(({ content, status }) => ({ text: content, done: status === "completed" })),
      },
    ];
  }
  if (name !== "Write" && name !== "Edit" && name !== "NotebookEdit") return [];
  const path = input.file_path ?? input.notebook_path;
  return path === null ? [] : [{ kind: "file", path }];
}
