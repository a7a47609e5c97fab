/** How much one look does before it stops, so that it ends well before it is broken off. Reads no forge. */

export interface Limits {
  /** Beside those that list the repositories. */
  readonly requests: number;
  /** Milliseconds since the look began. */
  readonly ms: number;
  /** Milliseconds from any beginning, never going back. */
  readonly ticks: () => number;
}

/** Half of what catch-up gives a look: the last page that is begun may take the other half. */
export const USUAL: Limits = { requests: 500, ms: 5 * 60_000, ticks: () => performance.now() };

export interface Pace {
  /** Something was read, or could not be: the next look need not begin with it. */
  step(): void;
  readonly moved: () => boolean;
  /** True when the look is to stop here. Never before its first step, so that each look gets further. */
  readonly enough: () => boolean;
}

/** `spent` tells the requests so far; those before this call do not count, their time does (`begun`, in ticks). */
export function createPace(spent: () => number, begun: number, { requests, ms, ticks }: Limits): Pace {
  const budget = spent() + requests;
  let steps = 0;
  return {
    step: () => void steps++,
    moved: () => steps > 0,
    enough: () => steps > 0 && (spent() >= budget || ticks() - begun >= ms),
  };
}
