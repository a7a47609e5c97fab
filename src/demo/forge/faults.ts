/** Failures on demand, so that a journey or a demo can show what the bot does when the forge is ill. */
import type { ServerResponse } from "node:http";
import { sendJson } from "./router.ts";

interface FailOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** How many requests fail; without it, until ended. */
  readonly times?: number;
}

export interface Faults {
  /** Requests of this method and path (without the API's prefix) get this status. Returns its end. */
  fail(method: string, path: RegExp, status: number, options?: FailOptions): () => void;
  /** Requests of this path get no answer. Returns its end, which drops them. */
  hang(path: RegExp): () => void;
  /** True when the request was taken by a fault. */
  take(method: string, path: string, res: ServerResponse): boolean;
}

interface Fault {
  readonly method: string | null;
  readonly path: RegExp;
  left: number;
  act(res: ServerResponse): void;
}

export function faults(): Faults {
  const active = new Set<Fault>();
  const add = (fault: Fault): (() => void) => {
    active.add(fault);
    return () => void active.delete(fault);
  };
  return {
    fail: (method, path, status, { headers = {}, times = Number.POSITIVE_INFINITY } = {}) =>
      add({
        method,
        path,
        left: times,
        act: (res) => sendJson(res, { status, headers, body: { message: "made to fail", url: "" } }),
      }),
    hang(path) {
      const held = new Set<ServerResponse>();
      const act = (res: ServerResponse) => void held.add(res);
      const end = add({ method: null, path, left: Number.POSITIVE_INFINITY, act });
      return () => {
        end();
        for (const res of held) res.destroy();
      };
    },
    take(method, path, res) {
      for (const fault of active) {
        if (fault.left === 0 || !fault.path.test(path) || (fault.method ?? method) !== method) continue;
        fault.left -= 1;
        fault.act(res);
        return true;
      }
      return false;
    },
  };
}
