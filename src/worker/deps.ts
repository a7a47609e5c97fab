/** What a worker needs to bring a run to its end; made by `index.ts`. */
import type { Logger } from "pino";
import type { Agent } from "../agents/agent.ts";
import type { Config } from "../config/config.ts";
import type { Egress } from "../egress/egress.ts";
import type { Forge } from "../forges/forge.ts";
import type { Run } from "../model/run.ts";
import type { Prompts } from "../prompt/prompts.ts";
import type { LiveStatus } from "../report/live-status.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Store } from "../store/store.ts";
import type { DiskGuard } from "../supervisor/disk-guard.ts";
import type { Workspaces } from "../workspace/workspaces.ts";

export interface WorkDeps {
  /** This worker's name, the same after a restart on the same machine and of no other worker. */
  readonly name: string;
  readonly store: Store;
  readonly config: () => Config;
  readonly forge: (name: string) => Forge;
  /** Whether a forge takes our credentials, as far as is known. */
  readonly forgeOpen: (forge: string) => boolean;
  /** Resolves when it does, or when `signal` aborts. */
  readonly forgeOpened: (forge: string, signal: AbortSignal) => Promise<void>;
  /** Throws a Refusal that names the fix when the agent is not configured. */
  readonly agent: (pool: string) => Agent;
  /** The runtime this agent is to run in; throws a Refusal when it is not ready. Never another one instead. */
  readonly runtimeFor: (agent: Agent) => Promise<Runtime>;
  /** The runtime a handle belongs to. */
  readonly runtimeNamed: (name: string) => Runtime;
  /** All that agents of this worker may run in. Each lists what this very worker started, and no other's. */
  readonly runtimes: () => readonly Runtime[];
  /** The proxies of runs, on this machine. */
  readonly egress: Egress;
  readonly workspaces: Workspaces;
  readonly prompts: Prompts;
  /** The log file of one attempt. */
  readonly logFile: (run: Run) => string;
  readonly redact: (text: string) => string;
  /** Values that must never be pushed. */
  readonly secretValues: () => readonly string[];
  /** Has more values be redacted and never published, under this name. */
  readonly learnSecrets: (name: string, values: readonly string[]) => void;
  readonly disk: DiskGuard;
  readonly live: LiveStatus;
  /** Whether pull requests are opened as drafts in this repository. */
  readonly draft: (run: Run, forge: Forge) => Promise<boolean>;
  /** How long a lease lasts unless renewed, in milliseconds. */
  readonly leaseMs: number;
  /** The first pause before a forge that did not answer is asked again; the next ones are longer. Milliseconds. */
  readonly patienceMs: number;
  /** Epoch milliseconds; may be set at any time. */
  readonly now: () => number;
  /** Milliseconds that only ever go forward, from wherever: what measures how long something took. */
  readonly ticks: () => number;
  readonly newId: () => string;
  readonly log: Logger;
}
