/**
 * One forge's places and pauses: which effects may be begun, and what their ends say of the next ones. Silence and
 * errors are the whole forge's. A rate limit is, on GitHub, one account's or organisation's: an App has one of its own
 * in each, and who has used up theirs silences nobody else. (With a token it is one for all; then each owner's first
 * effect finds that out.) It brings nothing anywhere.
 */
import type { Forge } from "../forges/forge.ts";
import type { Effect } from "../model/effect.ts";
import type { ForgeError } from "../model/errors.ts";
import { createForgePause, type ForgePause } from "./forge-pause.ts";

export interface Lane {
  readonly forge: Forge;
  /** By effect. */
  readonly active: Map<string, Promise<void>>;
  /** How many more effects may be taken at `now`. */
  room(now: number): number;
  /** Until when the effect's owner is left alone, in epoch milliseconds; null when the effect may begin. */
  leftAloneUntil(effect: Effect, now: number): number | null;
  begin(effect: Effect): Turn;
}

export interface LeftAlone {
  readonly ms: number;
  /** Null for the whole forge. */
  readonly owner: string | null;
}

/** An effect that was begun. */
export interface Turn {
  readonly forge: Forge;
  /** The forge answered, be it with a refusal. */
  answered(): void;
  /** Returns what is left alone because of it, and for how many milliseconds; null when that is no reason to. */
  failed(error: ForgeError, now: number): LeftAlone | null;
  /** Whether the forge, or what it gives this owner, was in trouble when last heard of. */
  inTrouble(): boolean;
  /** To be called once, at its end. */
  over(): void;
}

interface Owner {
  readonly pause: ForgePause;
  active: number;
}

/** For the others of an owner, while one of its effects goes first to see. */
const AGAIN_MS = 2_000;

export function createLane(forge: Forge): Lane {
  const whole = createForgePause();
  const active = new Map<string, Promise<void>>();
  /** Only those that are limited. */
  const owners = new Map<string, Owner>();
  return {
    forge,
    active,
    room: (now) => whole.most(now) - active.size,
    leftAloneUntil(effect, now) {
      const owner = owners.get(ownerOf(effect));
      if (!owner) return null;
      const most = owner.pause.most(now);
      if (owner.active < most) return null;
      return most === 0 ? owner.pause.until() : now + AGAIN_MS;
    },
    begin: (effect) => beginTurn(effect, forge, whole, owners),
  };
}

function beginTurn(effect: Effect, forge: Forge, whole: ForgePause, owners: Map<string, Owner>): Turn {
  const name = ownerOf(effect);
  const own = owners.get(name);
  if (own) own.active += 1;
  const count = whole.count();
  const ownCount = own?.pause.count() ?? 0;
  const answered = () => {
    whole.answered(count);
    own?.pause.answered(ownCount);
    if (own && !own.pause.inTrouble() && owners.get(name) === own) owners.delete(name);
  };
  return {
    forge,
    answered,
    failed(error, now) {
      const limited = error.status === 403 || error.status === 429;
      if (!limited || forge.kind !== "github") {
        const ms = whole.failed(effect, error, count, now);
        return ms === null ? null : { ms, owner: null };
      }
      // Who says no is there.
      whole.answered(count);
      const owner = owners.get(name) ?? { pause: createForgePause(), active: 0 };
      owners.set(name, owner);
      const ms = owner.pause.failed(effect, error, ownCount, now);
      return ms === null ? null : { ms, owner: effect.repo.owner };
    },
    inTrouble: () => whole.inTrouble() || (owners.get(name)?.pause.inTrouble() ?? false),
    over() {
      if (own) own.active -= 1;
    },
  };
}

function ownerOf({ repo }: Effect): string {
  return repo.owner.toLowerCase();
}
