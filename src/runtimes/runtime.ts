/**
 * Where an agent runs. Life: `probe` once at start → `start` → any number of `logs` and `wait` (also by another
 * process, with a handle read from the store) → `stop` if it must end early → `remove`. `stop` and `remove` are safe
 * after a failed start, after the end, and twice. Methods of different runs are called concurrently.
 */
import type { AgentPaths, RunFolders } from "../model/folders.ts";
import type { Exit } from "../model/outcome.ts";

/** What a runtime can hold an agent to. `files`: nothing of the host but the run's own folders and programs is seen. */
export type Property = "files" | "network" | "memory" | "cpus" | "pids";

export interface Limits {
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly pids: number | null;
}

export interface StartSpec {
  readonly runId: string;
  readonly attempt: number;
  readonly argv: readonly [string, ...string[]];
  /** The whole environment of the agent, secrets included: nothing of the server's is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly folders: RunFolders;
  readonly limits: Limits;
  /** Containers only. */
  readonly image: string | null;
  readonly gpu: boolean;
  /** `none`: no network but a loopback of its own. What may be reached all the same comes in by a socket in `visible`. */
  readonly network: "open" | "none";
  /** Files and folders of the host that the agent sees at the same path, and can not write. */
  readonly visible: readonly string[];
  /** Natively only: see nothing of the host but programs, write nothing but the run's folders. A container is that anyhow. */
  readonly confined: boolean;
}

/** Enough to find the run again after a restart. JSON; kept in the store. */
export interface RunHandle {
  readonly runtime: string;
  readonly runId: string;
  readonly attempt: number;
  /** A container's id, or `pid:start time` on the host. */
  readonly ref: string;
  readonly logs: string;
}

export interface LogChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Buffer;
}

export interface RuntimeProbe {
  readonly ready: boolean;
  readonly version: string | null;
  /** Why not, and the fix; null when ready. */
  readonly reason: string | null;
  /** What it can not hold an agent to here, each with why and the fix; asked for nevertheless, a run is refused. */
  readonly lacks: Readonly<Partial<Record<Property, string>>>;
}

export interface Runtime {
  readonly name: "native" | "docker" | "podman" | "apple";
  /** For agents to be confined or not, which is told natively only; confined unless said. */
  probe(confined?: boolean): Promise<RuntimeProbe>;
  /** The folders as the agent will see them. */
  paths(folders: RunFolders): AgentPaths;
  /**
   * Rejects with a Refusal that names the fix when the program, image or checkout is missing. What takes long on the way
   * (an image that is pulled) is told in a few words each.
   */
  start(spec: StartSpec, tell?: (progress: string) => void): Promise<RunHandle>;
  /** Everything printed from the start on; ends when the agent has ended and all was read, or when aborted. */
  logs(handle: RunHandle, signal: AbortSignal): AsyncIterable<LogChunk>;
  /** True when the agent itself has ended, whatever it left running; asked at once, it waits for nothing. */
  ended(handle: RunHandle): Promise<boolean>;
  /** The true end. Code and signal are both null when nobody could see it (it ended while the bot was down). */
  wait(handle: RunHandle): Promise<Exit>;
  /** TERM to everything of the run, then KILL after `graceMs`; resolves when nothing is left. */
  stop(handle: RunHandle, graceMs: number): Promise<void>;
  /** Every run of ours that this runtime still knows. */
  list(): Promise<readonly RunHandle[]>;
  /** Forgets the run: its container, its raw output. */
  remove(handle: RunHandle): Promise<void>;
}
