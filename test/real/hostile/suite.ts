/** Every attack in one runtime, by one bot. */
import { after, before, describe } from "node:test";
import type { Config } from "../../../src/config/config.ts";
import { ENGINE_ENV } from "../runtimes/engine.ts";
import { beyondLimits, greedy } from "./greedy.ts";
import { looking } from "./looking.ts";
import { lying } from "./lying.ts";
import { openStage, type Stage, type Where } from "./stage.ts";
import { writing } from "./writing.ts";

const DISK_BYTES = 192 << 20;

export interface HostileOptions {
  /** Whether the runtime limits memory and processes. */
  readonly limits: boolean;
  readonly image: string | null;
}

export function hostileSuite(where: Where, { limits, image }: HostileOptions): void {
  describe(`a hostile agent in ${where}`, { concurrency: 2 }, () => {
    let stage: Stage | undefined;
    before(async () => {
      stage = await openStage(where, (config) => narrow(config, limits, image));
    });
    after(async () => {
      await stage?.close();
    });
    const opened = () => {
      if (!stage) throw new Error("the stage is not set");
      return stage;
    };
    looking(opened);
    writing(opened);
    greedy(opened);
    lying(opened);
    if (limits) beyondLimits(opened);
  });
}

function narrow(config: Config, limits: boolean, image: string | null): Config {
  const enforced = limits ? { memoryBytes: 256 << 20, cpus: 1, pids: 128 } : {};
  return {
    ...config,
    engineEnv: ENGINE_ENV,
    caps: { ...config.caps, total: 2 },
    // Attack after attack fails, and at once: that must not pause the next one.
    rates: { ...config.rates, failures: 1_000 },
    defaults: { ...config.defaults, image: image ?? config.defaults.image },
    limits: { ...config.limits, diskBytes: DISK_BYTES, ...enforced },
  };
}
