/**
 * What every store of many machines must do beside `store.ts`, sentence by sentence of `Fleet` in
 * `src/store/store.ts`. Nothing here knows which database it is.
 */
import { describe } from "node:test";
import { keeperContract, leadContract, presenceContract } from "../store/contract/fleet.ts";
import type { Open } from "../store/contract/harness.ts";
import { logContract } from "../store/contract/logs.ts";

export function fleetContract(name: string, open: Open): void {
  describe(`fleet: ${name}`, () => {
    describe("who lives", () => presenceContract(open));
    describe("who keeps a workspace", () => keeperContract(open));
    describe("who leads", () => leadContract(open));
    describe("logs", () => logContract(open));
  });
}
