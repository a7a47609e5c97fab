/** Where a run's folders are inside a container, and what of the host a container sees: these and nothing else. */
import { join } from "node:path";
import type { AgentPaths } from "../../model/folders.ts";
import type { RunHandle, StartSpec } from "../runtime.ts";

export const INSIDE: AgentPaths = {
  checkout: "/workspace/repo",
  meta: "/workspace/.meta",
  home: "/home/agent",
};
/** What the agent is started with and what it prints: see `start-script.ts`. */
export const LAUNCH = "/workspace/.launch";

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/** On the host: a folder of its own in the bot's records of the run, which the container does not see. */
export function launchFolder({ logs, attempt }: Pick<RunHandle, "logs" | "attempt">): string {
  return join(logs, `launch.${attempt}`);
}

export function mountsOf({ folders, attempt, visible }: StartSpec): readonly Mount[] {
  const own = (source: string, target: string): Mount => ({ source, target, readonly: false });
  return [
    own(folders.checkout, INSIDE.checkout),
    own(folders.meta, INSIDE.meta),
    own(folders.home, INSIDE.home),
    own(launchFolder({ logs: folders.logs, attempt }), LAUNCH),
    ...visible.map((path) => ({ source: path, target: path, readonly: true })),
  ];
}

/** The value of `--mount`. It is read as a row of CSV, so a path with a comma or a quote stands in quotes. */
export function mountOption({ source, target, readonly }: Mount): string {
  const fields = ["type=bind", `source=${source}`, `target=${target}`, ...(readonly ? ["readonly"] : [])];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
