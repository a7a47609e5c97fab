/** Judges whether ends arrive as they were, and whether a restarted bot finds what runs. Pure. */
import { fails, type Judged, passes } from "../model/finding.ts";
import type { Exit } from "../model/outcome.ts";

const FIX = "report it, with this line: success is told by it";

/** `ends`: what arrived of an exit code 7, and of a death by SIGKILL; null for what did not end in time. */
export function judgeEnds(byCode: Exit | null, bySignal: Exit | null): readonly Judged[] {
  const killed = bySignal?.signal === "SIGKILL" || bySignal?.code === 137;
  return [
    byCode?.code === 7
      ? passes("exit code", "arrives as it is")
      : fails("exit code", `7 arrived as ${told(byCode)}`, FIX),
    killed
      ? passes("death by signal", "is told")
      : fails("death by signal", `SIGKILL arrived as ${told(bySignal)}`, FIX),
  ];
}

function told(exit: Exit | null): string {
  if (exit === null) return "nothing: it did not end in time";
  return exit.signal ?? (exit.code === null ? "an end that nobody saw" : String(exit.code));
}

export interface Adoption {
  /** It came up. */
  readonly up: boolean;
  /** The second runtime, opened as a restarted bot would, listed it. */
  readonly listed: boolean;
  /** It ended it within its time. */
  readonly ended: boolean;
  /** How many of the doctor's runs the runtime still knows after all were removed. */
  readonly left: number;
}

export function judgeAdoption({ up, listed, ended, left }: Adoption): readonly Judged[] {
  const adoption = !up
    ? fails("adoption", "the trial agent did not start in time", null)
    : !listed
      ? fails("adoption", "a restarted bot does not find a running agent", FIX)
      : !ended
        ? fails("adoption", "a restarted bot cannot end a running agent", FIX)
        : passes("adoption", "a restarted bot finds and ends a running agent");
  const rest =
    left === 0
      ? passes("leftovers", "none")
      : fails(
          "leftovers",
          `${left} trial agents are still known to it`,
          "remove what is left with the engine's own tools",
        );
  return [adoption, rest];
}
