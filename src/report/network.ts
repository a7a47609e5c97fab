/** What is said of hosts that a run was not let to. Their names are the agent's choice: they stand in code, and few. */
import type { BlockedHost } from "../model/outcome.ts";
import { count } from "./figures.ts";
import { code } from "./markdown.ts";

const MOST = 10;

/** No sentence when there is none. */
export function notLetTo(blocked: readonly BlockedHost[]): readonly string[] {
  if (blocked.length === 0) return [];
  const named = blocked.flatMap(({ host, count }) => (host === null ? [] : [{ host, count }]));
  const shown = named.slice(0, MOST).map(({ host, count }) => code(host) + times(count));
  const rest = named.length - shown.length;
  const isMore = rest > 0 || named.length < blocked.length;
  const more = isMore ? [rest > 0 && named.length === blocked.length ? `${rest} more` : "others"] : [];
  const hosts = [...shown, ...more].join(", ");
  return [
    `🚧 The agent was not let to ${hosts}. An admin of the bot can allow hosts with \`dispatch.allow\`.`,
  ];
}

function times(n: number): string {
  return n === 1 ? "" : ` (${count(n, "time")})`;
}
