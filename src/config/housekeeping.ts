/** The housekeeping section, in milliseconds and bytes. */
import type { HousekeepingConfig, Keep } from "./config.ts";
import type { Settings } from "./schema.ts";
import { durationMs, sizeBytes } from "./units.ts";

export function housekeepingOf(written: Settings["housekeeping"]): HousekeepingConfig {
  return {
    everyMs: durationMs(written.every),
    workspaces: keepOf(written.workspaces),
    mirrors: keepOf(written.mirrors),
    logs: keepOf(written.logs),
    deliveriesMs: ageOf(written.deliveries.age),
  };
}

function keepOf({ age, size }: { readonly age: string; readonly size: string }): Keep {
  return { ageMs: ageOf(age), bytes: size === "none" ? null : sizeBytes(size) };
}

function ageOf(age: string): number | null {
  return age === "none" ? null : durationMs(age);
}
