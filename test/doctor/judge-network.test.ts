import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeReach, type Reach } from "../../src/doctor/judge-network.ts";
import { readFacts } from "../../src/doctor/script.ts";

const NONE: Reach = {
  network: "none",
  outside: { host: "forge.example", port: 443, address: "192.0.2.7", byBot: true },
  visits: 0,
  lacks: null,
  demanded: true,
};
const OPEN: Reach = { ...NONE, network: "open" };

const said = (name: string, address: string) =>
  readFacts(`doctor:reach-name ${name}\ndoctor:reach-address ${address}\ndoctor:looked done\n`);
const results = (reach: Reach, name: string, address: string) =>
  judgeReach(said(name, address), reach).map(({ result }) => result);

test("without a network nothing is reached: by name, by address, on this machine", () => {
  assert.deepEqual(results(NONE, "no", "no"), ["pass", "pass", "pass"]);
});

test("each way out fails by itself", () => {
  assert.deepEqual(results(NONE, "yes", "no"), ["fail", "pass", "pass"]);
  assert.deepEqual(results(NONE, "no", "yes"), ["pass", "fail", "pass"]);
  assert.deepEqual(results({ ...NONE, visits: 1 }, "no", "no"), ["pass", "pass", "fail"]);
});

test("a name that is resolved is a way out, also when nothing is reached by it", () => {
  const [name] = judgeReach(said("named", "no"), NONE);
  assert.deepEqual([name?.result, name?.detail], ["fail", "forge.example was resolved"]);
});

test("what the runtime says it lacks is a warning where nobody asked for it", () => {
  const lacking = { ...NONE, lacks: "use a container", demanded: false };
  assert.deepEqual(results({ ...lacking, visits: 2 }, "yes", "yes"), ["warn", "warn", "warn"]);
  assert.deepEqual(results({ ...lacking, demanded: true, visits: 2 }, "yes", "yes"), [
    "fail",
    "fail",
    "fail",
  ]);
});

test("not reaching what the bot does not reach either proves nothing", () => {
  const off = { ...NONE, outside: { ...NONE.outside, byBot: false } };
  assert.deepEqual(results(off, "no", "no"), ["warn", "warn", "pass"]);
});

test("an image without any tool to try with is said", () => {
  for (const reach of [NONE, OPEN]) assert.deepEqual(results(reach, "unknown", "unknown"), ["warn"]);
});

test("an open network must reach the forge by its name", () => {
  assert.deepEqual(results(OPEN, "yes", "yes"), ["pass"]);
  const [byAddress] = judgeReach(said("no", "yes"), OPEN);
  assert.match(byAddress?.detail ?? "", /by its address, but not by its name/);
  assert.deepEqual(results(OPEN, "named", "no"), ["fail"]);
  assert.deepEqual(results({ ...OPEN, outside: { ...OPEN.outside, byBot: false } }, "no", "no"), ["warn"]);
});

test("an open network that leads to the ports of this machine says so", () => {
  const [open] = judgeReach(said("yes", "yes"), { ...OPEN, visits: 1 });
  assert.match(open?.detail ?? "", /the ports of this machine are reached too/);
});
