/** The agent's events as one line for the status comment; what says nothing to a reader is left out. */
import type { AgentEvent } from "../agents/agent.ts";

/** Null for events that are no news. The text is the agent's and not yet made safe. */
export function activityLine(event: AgentEvent): string | null {
  switch (event.kind) {
    case "message":
    case "retry":
    case "limit":
      return event.text;
    case "command":
      return `ran ${event.command}`;
    case "file":
      return `changed ${event.path}`;
    case "plan":
      return `${event.items.filter((item) => item.done).length} of ${event.items.length} steps of its plan done`;
    case "session":
    case "thinking":
      return null;
  }
}
