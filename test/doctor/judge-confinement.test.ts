import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeConfinement, type Surroundings } from "../../src/doctor/judge-confinement.ts";
import { readFacts } from "../../src/doctor/script.ts";

const CONTAINER: Surroundings = {
  runtime: "docker",
  lacks: null,
  demanded: true,
  botStart: "4711",
  unplaced: [],
};
const HELD =
  "doctor:uid 1000\ndoctor:CapEff 0000000000000000\ndoctor:CapBnd 0000000000000000\ndoctor:NoNewPrivs 1\n";
const END = "doctor:looked done\n";

const judged = (printed: string, where: Partial<Surroundings> = {}) =>
  new Map(judgeConfinement(readFacts(printed), { ...CONTAINER, ...where }).map((one) => [one.check, one]));

test("an agent that is nobody and sees nothing passes everything", () => {
  const found = judged(HELD + END);
  assert.deepEqual(
    [...found.values()].map(({ check, result }) => `${result} ${check}`),
    [
      "pass user",
      "pass capabilities",
      "pass new privileges",
      "pass system folders",
      "pass files of the host",
      "pass engine's socket",
      "pass bot's environment",
      "pass own folders",
    ],
  );
});

test("each thing a contained agent should not have fails, and is named", () => {
  const found = judged(
    `doctor:uid 0
doctor:CapEff 00000000a80425fb
doctor:CapBnd 00000000a80425fb
doctor:NoNewPrivs 0
doctor:writable /usr
doctor:seen /srv/data/.doctor-1
doctor:socket /var/run/docker.sock
doctor:bot 4711
doctor:denied /work/home
${END}`,
  );
  const all = [...found.values()];
  assert.deepEqual([...new Set(all.map(({ result }) => result))], ["fail"]);
  assert.ok(all.every(({ fix }) => fix));
  assert.match(found.get("files of the host")?.detail ?? "", /those in \/srv\/data can be read/);
  assert.match(found.get("capabilities")?.detail ?? "", /CapEff 00000000a80425fb/);
  assert.match(found.get("system folders")?.detail ?? "", /\/usr/);
});

test("what a runtime says that it lacks is a warning, unless the configuration asks for it", () => {
  const seen = `${HELD}doctor:seen /home/bot/.doctor-1\n${END}`;
  const lacks = "install bubblewrap";
  const warned = judged(seen, { runtime: "native", lacks, demanded: false }).get("files of the host");
  assert.deepEqual([warned?.result, warned?.fix], ["warn", lacks]);
  const failed = judged(seen, { runtime: "native", lacks, demanded: true }).get("files of the host");
  assert.deepEqual([failed?.result, failed?.fix], ["fail", lacks]);
});

test("a runtime that lets through what it says it keeps fails, also when nobody asked for it", () => {
  const found = judged(`${HELD}doctor:writable /etc\n${END}`, { demanded: false });
  assert.equal(found.get("system folders")?.result, "fail");
});

test("root on the host is the server's own user: a warning", () => {
  assert.equal(judged(`doctor:uid 0\n${END}`, { runtime: "native" }).get("user")?.result, "warn");
});

test("a process of the bot's number that is another one is not the bot", () => {
  assert.equal(judged(`${HELD}doctor:bot 12\n${END}`).get("bot's environment")?.result, "pass");
});

test("folders in which nothing could be put are no proof", () => {
  const found = judged(HELD + END, { unplaced: ["/home/bot"] }).get("files of the host");
  assert.equal(found?.result, "warn");
  assert.match(found?.detail ?? "", /nothing could be put in \/home\/bot/);
});

test("where there is no /proc, what it would tell is left out", () => {
  const found = judged(`doctor:uid 501\n${END}`, { botStart: null });
  assert.deepEqual(
    ["capabilities", "new privileges", "bot's environment"].filter((check) => found.has(check)),
    [],
  );
});
