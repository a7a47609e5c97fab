/**
 * A coding agent's CLI: what to run and how to read what it prints. It knows no runtime: paths come from the
 * LaunchRequest, and where it runs is the runtime's matter. Life: `launch` → (runtime starts it) → `reader().line`
 * for each line, in order → `reader().end` once.
 */
import type { AgentPaths } from "../model/folders.ts";
import type { Usage } from "../model/outcome.ts";

/** A key of a provider's: the variable it is in, and the header in which it travels (`authorization`: as a bearer). */
export interface ProviderKey {
  readonly variable: string;
  readonly header: "authorization" | "x-api-key" | "x-goog-api-key";
}

/** What an agent must reach to work at all. */
export interface Provider {
  /** Where its API is, as the admin set it up; null for a CLI that can not be led elsewhere, so never to an endpoint. */
  readonly baseUrl: string | null;
  /** The first that is set is used. Empty: it needs none. */
  readonly keys: readonly ProviderKey[];
  /** Hosts it reaches by itself when it has no endpoint, as for a login. Patterns as in `dispatch.allow`. */
  readonly hosts: readonly string[];
}

/** Stands for the provider within a run; behind it the bot holds the key. */
export interface Endpoint {
  readonly url: string;
  /** Taken for the key there. */
  readonly token: string;
  /** The variable of the key that is held; null when none is needed. */
  readonly variable: string | null;
}

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
  /** What to use in place of its provider; null: the provider itself, with its key. */
  readonly endpoint: Endpoint | null;
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
  /** What leads it to its endpoint, if it has one: no setting of the admin's stands above these. */
  readonly endpointEnv: Readonly<Record<string, string>>;
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

/**
 * A file below HOME in which a CLI keeps its own login, as JSON. Never one with settings: those name programs to run.
 * Fields are named by dotted paths.
 */
export interface Login {
  readonly path: string;
  /** What a run is lent of it; other logins may stand in the same file. */
  readonly fields: readonly string[];
  /** Those that open something, and must not be published. */
  readonly secrets: readonly string[];
  /** Those the CLI renews by itself, which are taken back after a run. All others tell whose login it is. */
  readonly renewed: readonly string[];
  /** How a person logs in. */
  readonly how: string;
}

export interface Agent {
  readonly name: string;
  /** `native`: built to run on a host; `container`: wants one unless the admin says otherwise. */
  readonly home: "native" | "container";
  /** `review`: the last message is the result, and nothing is pushed. */
  mode(model: string | null): "work" | "review";
  /** Null: not known, as of a program that the admin described. */
  provider(model: string | null): Provider | null;
  /** What the run is to be lent of the server's own logins, in place of a key; none when it works with a key. */
  readonly logins: readonly Login[];
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
