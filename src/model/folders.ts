/** A run's folders, as the bot sees them on the host and as the agent sees them inside its runtime. */

/** On the host. Nothing else of the host is the run's. */
export interface RunFolders {
  readonly checkout: string;
  /** Outside the checkout, writable by the agent, for its result file. */
  readonly meta: string;
  readonly home: string;
  /** The bot's own records of the run and the agent's raw output; never visible to a contained agent. */
  readonly logs: string;
}

/** As the agent sees them. */
export type AgentPaths = Pick<RunFolders, "checkout" | "meta" | "home">;
