import assert from "node:assert/strict";
import { test } from "node:test";
import { userOf } from "../../../src/runtimes/oci/user.ts";

const facts = { version: "1", rootless: false, remaps: false, selinux: false, lacks: {} };
const root = { uid: 0, gid: 0 };
const bot = { uid: 990, gid: 985 };
const chosen = { uid: 1000, gid: 1000 };

test("a bot that is root gives the folders to another user", () => {
  assert.deepEqual(userOf(root, chosen, facts, "docker"), { options: ["--user", "1000:1000"], give: chosen });
});

test("a bot that is not root has its own user inside, and gives nothing away", () => {
  assert.deepEqual(userOf(bot, chosen, facts, "podman"), { options: ["--user", "990:985"], give: null });
});

test("rootless podman keeps the bot's number; in rootless docker the bot's user is called 0", () => {
  const rootless = { ...facts, rootless: true };
  const kept = ["--user", "990:985", "--userns", "keep-id"];
  assert.deepEqual(userOf(bot, chosen, rootless, "podman"), { options: kept, give: null });
  assert.deepEqual(userOf(bot, chosen, rootless, "docker"), { options: ["--user", "0:0"], give: null });
});

test("a docker that renumbers users leaves ours alone, and SELinux lets the folders in", () => {
  const { options } = userOf(bot, chosen, { ...facts, remaps: true, selinux: true }, "docker");
  assert.deepEqual(options, ["--user", "990:985", "--security-opt", "label=disable", "--userns", "host"]);
});
