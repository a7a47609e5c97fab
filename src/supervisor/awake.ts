/**
 * When this process was last seen to be awake. One that is stopped, or paused with its machine, learns what happened
 * meanwhile only afterwards; this tells how long ago that may have been.
 */

export interface Awake {
  /** A tick at which everything that had happened was noticed; what is noticed now has happened since. */
  since(): number;
  stop(): void;
}

const LOOK_MS = 500;

/** `ticks` are milliseconds that only go forward. Begins with `first`: nothing before it is of interest. */
export function watchAwake(ticks: () => number, first: number): Awake {
  // Two looks back: after a sleep the timer may fire before what waited is noticed, which takes no second.
  let looks: readonly [number, number, number] = [first, first, first];
  const timer = setInterval(() => {
    looks = [looks[1], looks[2], ticks()];
  }, LOOK_MS).unref();
  return { since: () => looks[0], stop: () => clearInterval(timer) };
}
