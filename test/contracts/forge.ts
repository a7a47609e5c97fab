/**
 * What every forge must do, sentence by sentence of `src/forges/forge.ts`, over real HTTP against a ForgeWorld; an
 * adapter's test calls this with a way to open one. Nothing here knows which forge it is.
 */
import { after, before, describe } from "node:test";
import { commentContract } from "../forges/contract/comments.ts";
import { errorContract } from "../forges/contract/errors.ts";
import { eventContract } from "../forges/contract/events.ts";
import { gitContract } from "../forges/contract/git.ts";
import { missedContract } from "../forges/contract/missed.ts";
import { peopleContract } from "../forges/contract/people.ts";
import { pullContract } from "../forges/contract/pulls.ts";
import { type ForgeSubject, type Setting, settingOf } from "../forges/contract/setting.ts";
import { signatureContract } from "../forges/contract/signatures.ts";
import { stillOursContract } from "../forges/contract/still-ours.ts";
import { timeContract } from "../forges/contract/time.ts";

export type { ForgeSubject } from "../forges/contract/setting.ts";

/** `open` is called once; every test works in a repository of its own. */
export function forgeContract(name: string, open: () => Promise<ForgeSubject>): void {
  describe(`forge: ${name}`, () => {
    let setting: Setting | null = null;
    before(async () => {
      setting = await settingOf(await open());
    });
    after(async () => setting?.close());
    const now = (): Setting => {
      if (setting === null) throw new Error("the setting is not open yet");
      return setting;
    };
    describe("signatures", () => signatureContract(now));
    describe("events", () => eventContract(now));
    describe("people", () => peopleContract(now));
    describe("comments", () => commentContract(now));
    describe("pull requests", () => pullContract(now));
    describe("git", () => gitContract(now));
    describe("still ours", () => stillOursContract(now));
    describe("time", () => timeContract(now));
    describe("errors", () => errorContract(now));
    describe("missed events", () => missedContract(now));
  });
}
