/** What the agents of the runtime contract do. */
import type { StartSpec } from "../../src/runtimes/runtime.ts";
import type { FakeScript } from "../fakes/runtime.ts";

/** One agent, twice: as shell text and as a script of the fake. */
export interface Behaviour {
  readonly sh: string;
  readonly fake: (spec: StartSpec) => FakeScript;
}

export const exits = (code: number): Behaviour => ({ sh: `exit ${code}`, fake: () => ({ exit: { code } }) });
export const diesBy = (signal: string): Behaviour => ({
  sh: `kill -${signal.slice(3)} $$; sleep 5`,
  fake: () => ({ exit: { signal } }),
});
/** Says `ready` and goes on for ever. */
export const runsOn: Behaviour = {
  sh: "echo ready; while :; do sleep 0.05; done",
  fake: () => ({ output: ["ready\n"], exit: null }),
};
/** Uses its grace to end in its own way. */
export const endsOnTerm: Behaviour = {
  sh: "trap 'sleep 0.02; echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done",
  fake: () => ({ output: ["ready\n"], exit: null, onTerm: { exit: { code: 5 }, says: "bye\n" } }),
};
export const ignoresTerm: Behaviour = {
  sh: "trap '' TERM; echo ready; while :; do sleep 0.05; done",
  fake: () => ({ output: ["ready\n"], exit: null, ignoresTerm: true }),
};
export const echoesStdin: Behaviour = { sh: "cat", fake: (spec) => ({ output: [spec.stdin] }) };
export const printsEnv: Behaviour = {
  sh: "unset PWD OLDPWD SHLVL _; exec env",
  fake: ({ env }) => ({
    output: [
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    ],
  }),
};
export const leavesChildren: Behaviour = {
  sh: "sleep 300 & (setsid sh -c 'sleep 300 & exec sleep 300' </dev/null >/dev/null 2>&1 &); echo ready; exit 3",
  fake: () => ({ output: ["ready\n"], exit: { code: 3 } }),
};
export const floods = (bytes: number): Behaviour => ({
  sh: `yes 0123456789abcde | head -c ${bytes}; printf 'no end' >&2`,
  fake: () => ({ output: ["0123456789abcde\n".repeat(bytes / 16), { stream: "stderr", text: "no end" }] }),
});
