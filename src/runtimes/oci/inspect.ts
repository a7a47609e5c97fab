/** What `inspect` of docker and of podman says of a container, in our words. Pure. */

export interface ContainerState {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `waiting`: made but never started, or being removed: nothing runs in it, and it has no exit code. */
  readonly phase: "waiting" | "running" | "ended";
  readonly code: number;
  /** On the engine's host; 0 when nothing runs. */
  readonly pid: number;
  readonly outOfMemory: boolean;
  readonly memoryBytes: number;
  /** Epoch milliseconds; null while it runs. */
  readonly endedAt: number | null;
}

interface Inspected {
  readonly Id?: string;
  readonly State?: {
    readonly Status?: string;
    readonly Pid?: number;
    readonly ExitCode?: number;
    readonly OOMKilled?: boolean;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
  };
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly HostConfig?: { readonly Memory?: number };
}

/** Those that were found: where one of several is missing, engines print the others and complain. */
export function parseInspect(stdout: string): readonly ContainerState[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stdout);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return (parsed as Inspected[]).flatMap((one) => (one.Id ? [stateOf(one.Id, one)] : []));
}

function stateOf(id: string, { State = {}, Config, HostConfig }: Inspected): ContainerState {
  const phase = phaseOf(State.Status ?? "", timeOf(State.StartedAt) !== null);
  return {
    id,
    labels: Config?.Labels ?? {},
    phase,
    code: State.ExitCode ?? 0,
    pid: State.Pid ?? 0,
    outOfMemory: State.OOMKilled ?? false,
    memoryBytes: HostConfig?.Memory ?? 0,
    endedAt: phase === "ended" ? timeOf(State.FinishedAt) : null,
  };
}

/** One that was never started says exit code 0 too, in the state `created` and, after a failed start, `exited`. */
function phaseOf(status: string, started: boolean): ContainerState["phase"] {
  if (["running", "paused", "restarting", "stopping"].includes(status)) return "running";
  return started && ["exited", "stopped", "dead", "removing"].includes(status) ? "ended" : "waiting";
}

/** Year 1 stands for never. */
function timeOf(text: string | undefined): number | null {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}
