/** The requests of one look: counted, so that it ends in time, and broken off with it. */
import { type Api, PAGE, type Reply } from "./api.ts";

export interface Page<T> {
  readonly rows: readonly T[];
  readonly isLast: boolean;
}

export interface Reader {
  /** Requests so far. */
  readonly spent: () => number;
  /** True when the look was broken off. */
  readonly isOver: () => boolean;
  get<T>(action: string, route: string, parameters?: Readonly<Record<string, unknown>>): Promise<Reply<T>>;
  page<T>(
    action: string,
    route: string,
    page: number,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<Page<T>>;
}

export function createReader(api: Api, signal: AbortSignal): Reader {
  let spent = 0;
  const get: Reader["get"] = (action, route, parameters = {}) => {
    signal.throwIfAborted();
    spent++;
    return api.call(action, route, parameters, { signal });
  };
  return {
    spent: () => spent,
    isOver: () => signal.aborted,
    get,
    async page<T>(action: string, route: string, page: number, parameters = {}) {
      const { data, headers } = await get<T[] | null>(action, route, { ...parameters, page, limit: PAGE });
      // An empty list may come as null. An instance may allow less than we ask for in a page, so a short one is not
      // the last by being short; the total is of the whole list, but of the page alone for a timeline.
      const rows = data ?? [];
      const total = Number(headers["x-total-count"] ?? Number.NaN);
      const isLast = rows.length === 0 || page * rows.length >= total;
      return { rows, isLast };
    },
  };
}
