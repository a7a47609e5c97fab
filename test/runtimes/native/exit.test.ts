/** What the waiting shell wrote down, read back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeExit, type EndFacts } from "../../../src/runtimes/native/exit.ts";

const ALONE: EndFacts = { recorderSignal: null, forced: false, oomKill: false, inside: null };
const exit = (code: number | null, signal: string | null, outOfMemory = false) => ({
  code,
  signal,
  outOfMemory,
});

test("a code without a word of the shell is the agent's own, above 128 too", () => {
  assert.deepEqual(decodeExit("exit 0\n", ALONE), exit(0, null));
  assert.deepEqual(decodeExit("exit 137\n", ALONE), exit(137, null));
});

test("a word of the shell makes it a death by signal, in the words of dash and of bash", () => {
  assert.deepEqual(decodeExit("Killed\nexit 137\n", ALONE), exit(null, "SIGKILL"));
  assert.deepEqual(
    decodeExit('agent-dispatch: line 4:  99 Segmentation fault  ( exec "$@" )\nexit 139\n', ALONE),
    exit(null, "SIGSEGV"),
  );
});

test("a word of the shell with a code that no signal has leaves the code", () => {
  assert.deepEqual(decodeExit("sh: something odd\nexit 2\n", ALONE), exit(2, null));
});

test("without a record the end is what the parent saw, else what we did, else unknown", () => {
  assert.deepEqual(decodeExit("", { ...ALONE, recorderSignal: "SIGKILL" }), exit(null, "SIGKILL"));
  assert.deepEqual(decodeExit("", { ...ALONE, forced: true }), exit(null, "SIGKILL"));
  assert.deepEqual(decodeExit("exi", ALONE), exit(null, null));
});

test("SIGKILL that we did not send, while the kernel killed for memory, is out of memory", () => {
  const facts = { ...ALONE, oomKill: true };
  assert.deepEqual(decodeExit("Killed\nexit 137\n", facts), exit(null, "SIGKILL", true));
  assert.deepEqual(decodeExit("Killed\nexit 137\n", { ...facts, forced: true }), exit(null, "SIGKILL"));
  assert.deepEqual(decodeExit("exit 1\n", facts), exit(1, null));
});

test("an end by the guard is the worker's doing, whatever else was killed meanwhile", () => {
  const facts = { ...ALONE, oomKill: true };
  assert.deepEqual(decodeExit("abandoned\n", facts), { ...exit(null, "SIGKILL"), abandoned: true });
});

test("of a confined agent the code outside counts, and the record inside tells whether it was a signal", () => {
  const inside = (text: string) => ({ ...ALONE, inside: text });
  assert.deepEqual(decodeExit("exit 137\n", inside("Killed\nexit 137\n")), exit(null, "SIGKILL"));
  assert.deepEqual(decodeExit("exit 137\n", inside("exit 137\n")), exit(137, null));
  assert.deepEqual(decodeExit("exit 7\n", inside("Killed\nexit 0\n")), exit(7, null));
});

test("a confined agent of which nothing inside tells the end was killed with all that is inside", () => {
  assert.deepEqual(decodeExit("exit 137\n", { ...ALONE, inside: "" }), exit(null, "SIGKILL"));
  assert.deepEqual(decodeExit("exit 1\n", { ...ALONE, inside: "" }), exit(1, null));
});
