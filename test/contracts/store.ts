/**
 * What every store must do, sentence by sentence of `src/store/store.ts`; an adapter's test calls this with a way to
 * open a store on empty data. Nothing here knows which database it is.
 */
import { describe } from "node:test";
import { claimContract } from "../store/contract/claim.ts";
import { clockContract } from "../store/contract/clock.ts";
import { commandContract } from "../store/contract/commands.ts";
import { concurrencyContract } from "../store/contract/concurrency.ts";
import { deliveryContract } from "../store/contract/deliveries.ts";
import { effectContract } from "../store/contract/effects.ts";
import type { Open } from "../store/contract/harness.ts";
import { housekeepingContract } from "../store/contract/housekeeping.ts";
import { leaseContract } from "../store/contract/leases.ts";
import { poolContract } from "../store/contract/pools.ts";
import { queryContract } from "../store/contract/queries.ts";
import { settleContract } from "../store/contract/settle.ts";
import { statusEffectContract } from "../store/contract/status-effects.ts";
import { takeoverContract } from "../store/contract/takeover.ts";
import { wakeUpContract } from "../store/contract/wake-ups.ts";

/** `open` gives an empty store of its own to each test; see Harness for what it must bring. */
export function storeContract(name: string, open: Open): void {
  describe(`store: ${name}`, () => {
    describe("deliveries", () => deliveryContract(open));
    describe("settling", () => settleContract(open));
    describe("commands", () => commandContract(open));
    describe("looking", () => queryContract(open));
    describe("claiming", () => claimContract(open));
    describe("concurrency", () => concurrencyContract(open));
    describe("leases", () => leaseContract(open));
    describe("taking over", () => takeoverContract(open));
    describe("clock", () => clockContract(open));
    describe("pools", () => poolContract(open));
    describe("effects", () => effectContract(open));
    describe("status effects", () => statusEffectContract(open));
    describe("housekeeping", () => housekeepingContract(open));
    describe("wake-ups", () => wakeUpContract(open));
  });
}
