/**
 * Failures on demand, so that a journey or a demo can show what the bot does when the forge is ill. Two kinds:
 *
 * - The API: `fail` answers requests with a status (503; 429 with a `retry-after` header; …), `hang` with nothing.
 * - Webhooks: `disturb` loses them, sends them twice (the same id and bytes), or sends them late, so that later ones
 *   overtake them. A lost one is listed among the deliveries with the status 0.
 *
 * Each lasts until its end is called, or for so many `times`. `when` and `fits` are asked for each request or webhook,
 * so that a caller with a seeded dice decides which of them fail. The first fault that takes something keeps it.
 */
import type { ServerResponse } from "node:http";
import { sendJson } from "./router.ts";

interface HangOptions {
  /** How many requests are taken; without it, until ended. */
  readonly times?: number;
  /** Asked for each request that fits; those it says no to go on. */
  readonly when?: () => boolean;
}

interface FailOptions extends HangOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A webhook about to be sent. */
interface Webhook {
  /** `owner/name` */
  readonly repo: string;
  /** Forgejo's finer type: `issue_comment`, `issue_label`, … */
  readonly type: string;
  readonly payload: object;
}

export type Disturbance =
  | { readonly kind: "drop" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "delay"; readonly ms: number };

interface DisturbOptions {
  readonly times?: number;
  readonly fits?: (webhook: Webhook) => boolean;
}

export interface Faults {
  /** Requests of this method (null: any) and path (without the API's prefix) get this status. Returns its end. */
  fail(method: string | null, path: RegExp, status: number, options?: FailOptions): () => void;
  /** Requests of this path get no answer. Returns its end, which drops them. */
  hang(path: RegExp, options?: HangOptions): () => void;
  /** What happens to webhooks on their way. Returns its end. */
  disturb(how: Disturbance, options?: DisturbOptions): () => void;
  /** True when the request was taken by a fault. */
  take(method: string, path: string, res: ServerResponse): boolean;
  /** What is to happen to this webhook; null: nothing. */
  disturbance(webhook: Webhook): Disturbance | null;
}

interface ApiFault extends HangOptions {
  readonly method: string | null;
  readonly path: RegExp;
  act(res: ServerResponse): void;
}

/** What is there until ended, or so many times. */
class Active<Fault extends { readonly times?: number }> {
  readonly #left = new Map<Fault, number>();

  add(fault: Fault): () => void {
    this.#left.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
    return () => void this.#left.delete(fault);
  }

  take(fits: (fault: Fault) => boolean): Fault | null {
    for (const [fault, left] of this.#left) {
      if (left === 0 || !fits(fault)) continue;
      this.#left.set(fault, left - 1);
      return fault;
    }
    return null;
  }
}

export function faults(): Faults {
  const api = new Active<ApiFault>();
  const webhooks = new Active<DisturbOptions & { readonly how: Disturbance }>();
  return {
    fail(method, path, status, { headers = {}, ...options } = {}) {
      const body = { message: "made to fail", url: "" };
      return api.add({ method, path, ...options, act: (res) => sendJson(res, { status, headers, body }) });
    },
    hang(path, options = {}) {
      const held = new Set<ServerResponse>();
      const end = api.add({ method: null, path, ...options, act: (res) => void held.add(res) });
      return () => {
        end();
        for (const res of held) res.destroy();
      };
    },
    disturb: (how, options = {}) => webhooks.add({ ...options, how }),
    take(method, path, res) {
      const fits = (fault: ApiFault) =>
        fault.path.test(path) && (fault.method ?? method) === method && (fault.when?.() ?? true);
      const fault = api.take(fits);
      fault?.act(res);
      return fault !== null;
    },
    disturbance: (webhook) => webhooks.take(({ fits }) => fits?.(webhook) ?? true)?.how ?? null,
  };
}
