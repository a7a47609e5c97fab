/** Tries one runtime after the other with small agents that look around, reach out, go beyond limits, and end. */
import { fails, type Judged, passes } from "../model/finding.ts";
import type { Property, Runtime, RuntimeProbe } from "../runtimes/runtime.ts";
import { adopt } from "./adopt.ts";
import type { DoctorDeps, Try } from "./doctor.ts";
import { judgeEnds } from "./judge-ends.ts";
import { judgeLimits } from "./judge-limits.ts";
import { lookAround } from "./look.ts";
import { reachOut } from "./reach.ts";
import { ENDS_BY_CODE, ENDS_BY_SIGNAL, LIMITS, readFacts, TRIED } from "./script.ts";
import { attempt, type Start } from "./trial.ts";

/** What every trial of a runtime goes by. */
export interface Patient {
  readonly runtime: Runtime;
  readonly lacks: RuntimeProbe["lacks"];
  readonly demands: ReadonlySet<Property>;
  readonly image: string;
}

const PROBE_MS = 20_000;
/** Of a whole trial: engines are slow on a busy machine, and an image may have to be made ready. */
export const TRIAL_MS = 90_000;
/** Of two trials, and their being tidied away. */
const STEP_MS = 2 * TRIAL_MS + 30_000;

export async function tryRuntimes(deps: DoctorDeps, names: readonly string[], tryOut: Try): Promise<void> {
  for (const name of names) {
    let probe: RuntimeProbe | null = null;
    const runtime = deps.runtimes.get(name);
    await tryOut("runtime", name, "ready", PROBE_MS, async () => {
      if (!runtime)
        return fails(
          "ready",
          `there is no runtime ${name}`,
          `one of: ${[...deps.runtimes.keys()].join(", ")}`,
        );
      probe = await runtime.probe(deps.config.defaults.confined);
      if (!probe.ready) return fails("ready", probe.reason ?? "it is not", null);
      return passes("ready", probe.version ?? "version unknown");
    });
    const found = probe as RuntimeProbe | null;
    if (runtime && found?.ready) await tryRuntime(deps, patientOf(deps, runtime, found), tryOut);
  }
}

async function tryRuntime(deps: DoctorDeps, patient: Patient, tryOut: Try): Promise<void> {
  const { runtime } = patient;
  const { bench } = deps;
  const step = (what: string, act: () => Promise<readonly Judged[]>) =>
    tryOut("runtime", runtime.name, what, STEP_MS, act);
  const start = (script: string, more: Partial<Start> = {}) =>
    attempt(bench, runtime, { ...shell(script), image: patient.image, ...more }, TRIAL_MS);

  const seen = await step("look around", () => lookAround(deps, patient));
  // Where not even that starts, the rest would say the same six times.
  if (seen.some(({ check, result }) => check === "look around" && result === "fail")) return;
  await step("network none", () => reachOut(deps, patient, "none"));
  await step("network open", () => reachOut(deps, patient, "open"));
  await step("limits", async () => {
    const held = { lacks: patient.lacks, limits: bench.limits };
    if ((["memory", "cpus", "pids"] as const).every((name) => patient.lacks[name] !== undefined))
      return judgeLimits(null, null, held);
    const limits = {
      memoryBytes: patient.lacks.memory === undefined ? TRIED.memoryBytes : null,
      cpus: patient.lacks.cpus === undefined ? TRIED.cpus : null,
      pids: patient.lacks.pids === undefined ? TRIED.pids : null,
    };
    const ended = await start(LIMITS, { limits });
    return judgeLimits(readFacts(ended.stdout), ended, held);
  });
  await step("exit codes", async () => {
    const [byCode, bySignal] = [await start(ENDS_BY_CODE), await start(ENDS_BY_SIGNAL)];
    return judgeEnds(byCode.exit, bySignal.exit);
  });
  await step("adoption", () => adopt(deps, patient));
}

export const shell = (script: string, ...args: readonly string[]): Pick<Start, "argv"> => ({
  argv: ["/bin/sh", "-c", script, "doctor", ...args],
});

function patientOf({ config, demandsOn }: DoctorDeps, runtime: Runtime, { lacks }: RuntimeProbe): Patient {
  return { runtime, lacks, image: config.defaults.image, demands: demandsOn(runtime.name) };
}

/** Ready, but of no use to anyone: said, so that nobody wonders why it was not tried. */
export async function tellOthers(deps: DoctorDeps, tried: readonly string[], tryOut: Try): Promise<void> {
  for (const [name, runtime] of deps.runtimes) {
    if (tried.includes(name) || !(await runtime.probe(deps.config.defaults.confined)).ready) continue;
    const detail = `ready, but not tried: no agent uses it (agent-dispatch doctor --runtime ${name} tries it)`;
    await tryOut("runtime", name, "in use", PROBE_MS, async () => passes("in use", detail));
  }
}
