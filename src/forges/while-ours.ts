/**
 * A `fetch` for what must not be done twice. A process may be stopped for a while between its decision and its request,
 * and somebody else does the same meanwhile; so it asks whether it still may when the connection is there, with nothing
 * between the answer and the request's first byte: opening one to a far forge takes long enough to be stopped in, and
 * so does getting a token for it.
 *
 * Node's fetch tells whoever dispatches for it when that is, by `onConnect` or, in its newer versions, by
 * `onRequestStart`. If a version to come tells it otherwise, only the first of the two questions is left.
 */
import type { StillOurs } from "./forge.ts";

type Dispatch = (options: unknown, handler: object) => boolean;

const BEFORE_THE_FIRST_BYTE: ReadonlySet<PropertyKey> = new Set(["onConnect", "onRequestStart"]);
/** Where Node keeps what dispatches for its fetch; its newer versions in the first. */
const DISPATCHERS = ["undici.globalDispatcher.2", "undici.globalDispatcher.1"].map((name) =>
  Symbol.for(name),
);

/** Rejects with what `stillOurs` throws, or with an error that it is the cause of; then nothing was sent. */
export function fetchWhile(stillOurs: StillOurs): typeof fetch {
  return async (input, init) => {
    stillOurs();
    const dispatch: Dispatch = (options, handler) =>
      dispatcher().dispatch(options, asking(handler, stillOurs));
    return await fetch(input, Object.assign({}, init, { dispatcher: { dispatch } }));
  };
}

/** What an error came from, when that is one of this kind. */
export function causeOf<E extends Error>(
  error: unknown,
  kind: abstract new (...args: never[]) => E,
): E | null {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof kind) return one;
  return null;
}

/** Looked up anew each time: it may be replaced, and is not there before the first request. */
function dispatcher(): { dispatch: Dispatch } {
  const all = DISPATCHERS.map((name): unknown => Reflect.get(globalThis, name));
  return all.find((one) => one !== undefined) as { dispatch: Dispatch };
}

function asking(handler: object, stillOurs: StillOurs): object {
  return new Proxy(handler, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (!BEFORE_THE_FIRST_BYTE.has(key) || typeof member !== "function") return member;
      return function ask(this: unknown, ...args: unknown[]) {
        stillOurs();
        return member.apply(this, args);
      };
    },
  });
}
