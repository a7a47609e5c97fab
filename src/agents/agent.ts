/**
 * A coding agent's CLI: what to run and how to read what it prints. It knows no runtime: paths come from the
 * LaunchRequest, and where it runs is the runtime's matter. Life: `launch` → (runtime starts it) → `reader().line`
 * for each line, in order → `reader().end` once.
 */
import type { AgentPaths } from "../model/folders.ts";
import type { Usage } from "../model/outcome.ts";

export interface LaunchRequest {
  readonly model: string | null;
  readonly prompt: string;
  readonly paths: AgentPaths;
  /** The session to resume, from an earlier attempt; null for a new one. */
  readonly resume: string | null;
  /** A fresh UUID for CLIs that let us name the session. */
  readonly sessionId: string;
  /** On a pull request, the commit where it left its base: what a review compares with. Null: the last commits. */
  readonly reviewFrom: string | null;
}

/** A file to write before the start, relative to `home` or `meta`. */
export interface LaunchFile {
  readonly in: "home" | "meta";
  readonly path: string;
  readonly content: string;
}

export interface LaunchSpec {
  readonly argv: readonly [string, ...string[]];
  /** Values that are no secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the variables whose values are passed on from the server's environment where set: this agent's keys only. */
  readonly secretEnv: readonly string[];
  readonly files: readonly LaunchFile[];
  /** Written to stdin, which is then closed. */
  readonly stdin: string;
}

export type AgentEvent =
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "command"; readonly command: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "plan"; readonly items: readonly { readonly text: string; readonly done: boolean }[] }
  | { readonly kind: "retry"; readonly text: string }
  | { readonly kind: "limit"; readonly resetsAt: number | null; readonly text: string };

/** The agent's own word on how it went. Success is its terminal success event, never exit 0 alone. */
export interface AgentResult {
  readonly ok: boolean;
  /** Why not, in the CLI's words; null when ok. */
  readonly failure: string | null;
  readonly cause: "auth" | "limit" | "other" | null;
  /** Epoch milliseconds at which a limit ends, where the CLI tells. */
  readonly resetsAt: number | null;
  readonly lastMessage: string | null;
  readonly session: string | null;
  readonly usage: Usage | null;
}

export interface OutputReader {
  /** One line without its end; may be cut, binary or forged by what the agent ran: never throws. */
  line(text: string, stream: "stdout" | "stderr"): readonly AgentEvent[];
  /** Called once after the last line, with the exit code (null: signal). */
  end(exitCode: number | null): AgentResult;
}

export interface Agent {
  readonly name: string;
  /** `native`: built to run on a host; `container`: wants one unless the admin says otherwise. */
  readonly home: "native" | "container";
  /** `review`: the last message is the result, and nothing is pushed. */
  mode(model: string | null): "work" | "review";
  launch(request: LaunchRequest): LaunchSpec;
  reader(): OutputReader;
  /** The program looked for, how to ask its version, and how to install it. */
  readonly program: {
    readonly name: string;
    /** Null: it is not to be asked. */
    readonly versionArgs: readonly string[] | null;
    readonly install: string;
    /** The version that our tests run; left out where none is. */
    readonly tested?: string;
  };
}
