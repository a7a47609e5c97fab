/**
 * Calls an engine's command-line program. It tells three kinds of no: the engine answered (an answer with its code and
 * words), the engine is away for now (EngineAway: ask again), and the program or the right to use it is missing (a
 * Refusal with the fix).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Refusal } from "../../model/errors.ts";

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** Null waits for ever; a minute unless given. */
  readonly timeoutMs?: number | null;
  /** Goes on when this process ends, and hears nothing of its terminal: a start is not left halfway. */
  readonly outlives?: boolean;
  /** Told each line that comes, on either stream. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export type Call = (args: readonly string[], options?: CallOptions) => Promise<Answer>;

/** Nobody answers for the engine: it is restarted, or was stopped. */
export class EngineAway extends Error {
  override readonly name = "EngineAway";
}

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 64 * 1024 * 1024;

const AWAY =
  /cannot connect to the docker daemon|error during connect|is the docker daemon running|unexpected EOF|connection (refused|reset)[^"]*\.sock|unable to connect to podman/i;
const FORBIDDEN = /permission denied while trying to connect|dial unix .*: permission denied/i;

/** `env` is all that the program gets: where the engine listens, a PATH and a HOME. */
export function createCall(program: string, env: Readonly<Record<string, string>>): Call {
  return async (args, options = {}) => {
    const child = execa(program, [...args], {
      env: { ...env, LC_ALL: "C" },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: options.timeoutMs === null ? 0 : (options.timeoutMs ?? TIMEOUT_MS),
      maxBuffer: MAX_BYTES,
      all: options.onLine !== undefined,
      detached: options.outlives ?? false,
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
    if (options.onLine) void tellLines(child.iterable({ from: "all" }), options.onLine);
    const result = await child;
    if (result.timedOut) throw new EngineAway(`${program} ${args[0]}: no answer within a minute`);
    if (result.code === "ENOENT") throw new Refusal(`${program} is not installed`, `Install ${program}.`);
    const answer = {
      code: result.exitCode ?? -1,
      stdout: String(result.stdout ?? ""),
      stderr: String(result.stderr ?? ""),
    };
    if (answer.code === 0 || options.signal?.aborted) return answer;
    if (FORBIDDEN.test(answer.stderr)) throw new Refusal(`${program}: ${wordsOf(answer)}`, FORBIDDEN_FIX);
    if (AWAY.test(answer.stderr)) throw new EngineAway(`${program}: ${wordsOf(answer)}`);
    return answer;
  };
}

const FORBIDDEN_FIX =
  "Let the bot's user talk to the engine: add it to the group docker, then start the bot anew.";

/** The engine's own complaint, in one line and without its advice. */
export function wordsOf({ stdout, stderr }: Pick<Answer, "stdout" | "stderr">): string {
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trim());
  const said = lines.filter(
    (line) => line !== "" && !/^(Run 'docker|See 'docker|\[\]$|time=.*level=warn)/.test(line),
  );
  const complaint = said.find((line) => /^(docker: )?Error/.test(line));
  return (complaint ?? said[0] ?? "it gave no reason")
    .replace(/^docker: /, "")
    .replace(/^Error( response from daemon)?: /, "")
    .slice(0, 500);
}

/** Asks again while the engine is away, for `patienceMs` or until aborted. */
export async function patiently<T>(
  ask: () => Promise<T>,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EngineAway) || performance.now() > until || signal?.aborted) throw error;
      await sleep(pauseMs);
    }
  }
}

async function tellLines(lines: AsyncIterable<unknown>, tell: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) tell(String(line));
  } catch {
    // The call itself tells how it ended.
  }
}
