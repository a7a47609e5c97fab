/** Failures on demand: an answer of one's choice, or none at all, or something else happening just before it. */
import type { ServerResponse } from "node:http";
import type { FailOptions } from "../forge-world.ts";
import { type ApiReply, refusal } from "./api.ts";

interface Failure {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: ApiReply;
  left: number;
}

interface Hang {
  readonly path: RegExp;
  readonly held: Set<ServerResponse>;
}

interface Interruption {
  readonly path: RegExp;
  readonly happen: () => Promise<void>;
  left: number;
}

export class Faults {
  readonly #failures = new Set<Failure>();
  readonly #hangs = new Set<Hang>();
  readonly #interruptions = new Set<Interruption>();

  /** Returns what ends it. */
  fail(
    method: string,
    path: RegExp,
    status: number,
    options: FailOptions = {},
    body: unknown = refusal(status, "made to fail").body,
  ): () => void {
    const answer = { status, body, headers: options.headers ?? {} };
    const failure = { method, path, answer, left: options.times ?? Number.POSITIVE_INFINITY };
    this.#failures.add(failure);
    return () => this.#failures.delete(failure);
  }

  hang(path: RegExp): () => void {
    const hang = { path, held: new Set<ServerResponse>() };
    this.#hangs.add(hang);
    return () => {
      this.#hangs.delete(hang);
      for (const response of hang.held) response.destroy();
    };
  }

  /** Lets something happen before the nth request from now is answered. */
  before(nth: number, path: RegExp, happen: () => Promise<void>): void {
    this.#interruptions.add({ path, happen, left: nth });
  }

  async interrupt(path: string): Promise<void> {
    for (const one of this.#interruptions) {
      if (!one.path.test(path) || --one.left > 0) continue;
      this.#interruptions.delete(one);
      await one.happen();
    }
  }

  /** True when the request is kept without an answer. */
  holds(path: string, response: ServerResponse): boolean {
    const hang = [...this.#hangs].find((one) => one.path.test(path));
    if (!hang) return false;
    hang.held.add(response);
    response.once("close", () => hang.held.delete(response));
    return true;
  }

  answerFor(method: string, path: string): ApiReply | null {
    for (const failure of this.#failures) {
      if (failure.method !== method || !failure.path.test(path)) continue;
      failure.left--;
      if (failure.left <= 0) this.#failures.delete(failure);
      return failure.answer;
    }
    return null;
  }
}
