/** The application as whoever starts it sees it: `main.ts`, the demo, the tests. */
import type { Logger } from "pino";
import type { Agent } from "../agents/agent.ts";
import type { Config } from "../config/config.ts";
import type { Forge } from "../forges/forge.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Store } from "../store/store.ts";

export interface AppOptions {
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** This process's name as a worker: the same in its next life, and no other's. `worker` unless given. */
  readonly worker?: string;
  /** False leaves a store that an older version made as it is, and refuses it; brought up to date unless given. */
  readonly upgrade?: boolean;
  /** Milliseconds between two edits of a status comment; 10 s unless given. */
  readonly statusEveryMs?: number;
}

export interface App {
  readonly store: Store;
  readonly forges: ReadonlyMap<string, Forge>;
  readonly agents: () => ReadonlyMap<string, Agent>;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  /** Rejects with a Refusal when none is ready for this agent. */
  readonly runtimeFor: (agent: Agent) => Promise<Runtime>;
  /** How many runs this process works on now. */
  readonly active: () => number;
  /** `http://host:port` once started. */
  readonly url: string;
  start(): Promise<void>;
  /** Takes a new configuration for everything that is not fixed at start. */
  reload(config: Config): void;
  /** Takes nothing new, then ends: `wait` for what runs, `stop` it, or `leave` it to be adopted at the next start. */
  stop(options: { readonly agents: "wait" | "leave" | "stop" }): Promise<void>;
}
