/** Two kinds of no: "it said no" (a Refusal: told to the person, no work) and "we broke" (any other error). */

/** A reason a person can act on: shown on the issue or the terminal as it is, never with a stack. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** What to do about it, as a sentence; null when the message says it all. */
  readonly fix: string | null;
  constructor(message: string, fix: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.fix = fix;
  }
}

/** A wrong setting, with its place. `allowed` says what would be right. */
export interface ConfigProblem {
  /** A file's path or "environment". */
  readonly file: string;
  /** 1-based; null for the environment or a missing file. */
  readonly line: number | null;
  readonly column: number | null;
  readonly key: string;
  readonly message: string;
  readonly allowed: string | null;
}

/** The configuration is refused; carries every problem found, not just the first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.problems = problems;
  }
}

export function describeProblem(p: ConfigProblem): string {
  const place = p.line === null ? p.file : `${p.file}:${p.line}:${p.column ?? 1}`;
  return `${place}: ${p.key}: ${p.message}${p.allowed ? ` (allowed: ${p.allowed})` : ""}`;
}

/**
 * The forge answered no, or not at all. `retryable` is true for what may pass by itself (5xx, timeouts, limits);
 * `retryAfterMs` is the forge's own word on when. `status` is the HTTP status, 0 when there was none.
 */
export class ForgeError extends Error {
  override readonly name = "ForgeError";
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  constructor(
    message: string,
    status: number,
    retryable: boolean,
    retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = status;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The store did not do it. `passes` is true for what is not about what was asked (a full disk, a server that restarts):
 * asked again later, the same may work.
 */
export class StoreTrouble extends Error {
  override readonly name: string = "StoreTrouble";
  readonly passes: boolean;
  constructor(message: string, passes: boolean, options?: ErrorOptions) {
    super(message, options);
    this.passes = passes;
  }
}

/** The lease of a run is gone: stop its agent and report nothing. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
