/**
 * A process that dies at a chosen moment: everything it does to the world outside (store, forge, runtime, workspace)
 * goes through a `Life`, is counted there, and from the moment of death on fails without an effect. What the world
 * held at that moment stays for the next process.
 */

export type Moment = "before" | "after";

export class Life {
  readonly done: string[] = [];
  dead = false;
  readonly #at: number;
  readonly #moment: Moment;

  /** Dies at the call with this number, before or after it has its effect; null lives. */
  constructor(at: number | null, moment: Moment = "before") {
    this.#at = at ?? Number.POSITIVE_INFINITY;
    this.#moment = moment;
  }

  async call<T>(name: string, isEffect: boolean, act: () => T): Promise<Awaited<T>> {
    if (this.dead) throw new Error(`the process is dead and does not ${name}`);
    if (!isEffect) return await act();
    this.done.push(name);
    const isLast = this.done.length > this.#at;
    if (isLast && this.#moment === "before") throw this.#die(name);
    const result = await act();
    if (isLast || this.dead) throw this.#die(name);
    return result;
  }

  #die(name: string): Error {
    this.dead = true;
    return new Error(`the process died at ${name}`);
  }
}

/** `target` as the process of this life sees it. `effects` are counted; what is in `plain` is not a promise. */
export function mortal<T extends object>(
  target: T,
  life: Life,
  effects: readonly (keyof T & string)[],
  plain: readonly (keyof T & string)[] = [],
): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== "function" || plain.some((name) => name === key)) return value;
      return (...given: readonly unknown[]) =>
        life.call(String(key), effects.includes(key as keyof T & string), () => value.apply(object, given));
    },
  });
}
