/** `status` on the terminal: what holds the queue, then a table of runs. */
import { type Run, repoName } from "../model/run.ts";
import type { PoolState } from "../store/store.ts";
import type { Status } from "./commands.ts";
import { harmless, type Paint } from "./io.ts";

const TITLE_LENGTH = 40;
const HEAD = ["RUN", "STATE", "AGENT", "ISSUE", "AGE", "TITLE"] as const;
const STATE_COLUMN = 1;

export function showStatus(status: Status, now: number, paint: Paint): string {
  const notices = [
    ...(status.workers ? [workers(status.workers)] : []),
    ...(status.frozen ? [`${paint("frozen:", "yellow")} no run starts; thaw with: agent-dispatch thaw`] : []),
    ...status.pools.flatMap((pool) => paused(pool, now, paint)),
    ...(status.pendingEffects > 0
      ? [
          `${status.pendingEffects} ${status.pendingEffects === 1 ? "answer waits" : "answers wait"} for a forge`,
        ]
      : []),
  ];
  const runs = status.runs.length === 0 ? ["no runs"] : runTable(status.runs, now, paint);
  return `${[...notices, ...(notices.length > 0 ? [""] : []), ...runs].join("\n")}\n`;
}

function workers(names: readonly string[]): string {
  return names.length === 0
    ? "no worker lives: runs wait until one is started"
    : `workers: ${names.map(harmless).join(", ")}`;
}

function paused({ pool, pausedUntil }: PoolState, now: number, paint: Paint): readonly string[] {
  if (pausedUntil === null || pausedUntil <= now) return [];
  return [
    `${paint("paused:", "yellow")} ${harmless(pool)} for ${span(pausedUntil - now)}; end it with: agent-dispatch pool resume ${harmless(pool)}`,
  ];
}

function runTable(runs: readonly Run[], now: number, paint: Paint): readonly string[] {
  const rows = runs.map((run) => cells(run, now));
  const widths = HEAD.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[], dress: (cell: string, at: number) => string): string =>
    row
      .map((cell, at) => dress(cell.padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0)), at))
      .join("  ")
      .trimEnd();
  return [
    line(HEAD, (cell) => paint(cell, "bold")),
    ...rows.map((row, at) =>
      line(row, (cell, column) => (column === STATE_COLUMN ? paintState(cell, runs[at], paint) : cell)),
    ),
  ];
}

function cells(run: Run, now: number): readonly string[] {
  const { repo, issue, request } = run;
  const title = harmless(issue.title).replace(/\s+/g, " ");
  return [
    run.id,
    run.state,
    harmless(request.agent),
    harmless(`${repo.forge}:${repoName(repo)}#${issue.number}`),
    span(now - run.createdAt),
    title.length > TITLE_LENGTH ? `${title.slice(0, TITLE_LENGTH - 1)}…` : title,
  ];
}

function paintState(cell: string, run: Run | undefined, paint: Paint): string {
  switch (run?.state) {
    case "completed":
      return paint(cell, "green");
    case "failed":
    case "timed_out":
      return paint(cell, "red");
    case "blocked":
    case "cancelled":
      return paint(cell, "yellow");
    case "queued":
      return paint(cell, "dim");
    default:
      return paint(cell, "cyan");
  }
}

/** The largest unit that fits: 45s, 12m, 3h, 2d. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
