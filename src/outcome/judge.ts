/** How a run ended, from the facts alone. Pure; it never guesses from prose. */
import type { AgentResult } from "../agents/agent.ts";
import type { Exit, FailureReason, Outcome } from "../model/outcome.ts";

/** What ended the attempt: the agent itself, or who or what stopped it first; `lost` when the bot let go of it. */
export type Ended = "exit" | "cancelled" | "total" | "idle" | "output" | "disk" | "full" | "lost";

export interface EndFacts {
  readonly exit: Exit;
  readonly result: AgentResult;
  /** The text of BLOCKED.md; null when there is none. */
  readonly question: string | null;
  readonly ended: Ended;
  /** Login of who cancelled it. */
  readonly cancelledBy: string | null;
  /** The time limit that was reached, in milliseconds. */
  readonly limitMs: number;
  /** What its folders might take up; null: no limit. */
  readonly diskBytes: number | null;
  /** How long the agent worked, in milliseconds. */
  readonly agentMs: number;
}

/** `publish`: the agent ended well, and its work is to be collected. */
export type Judgement = { readonly kind: "publish" } | Exclude<Outcome, { readonly kind: "completed" }>;

/**
 * The first cause wins. A person's cancel comes before all. Then a question: it was asked before whatever ended the
 * agent, be it a time limit or an exit code. Then the limit it was stopped at: the exit code and signal that follow
 * are our own doing. Then what the system and the provider said, the exit, and last the agent's own word: success
 * is exit 0 together with its success event; where nobody saw the exit, or the agent was ended for want of a worker,
 * the event alone must do.
 */
export function judge(facts: EndFacts): Judgement {
  const { exit, result, ended } = facts;
  if (ended === "cancelled") return { kind: "cancelled", by: facts.cancelledBy ?? "the bot's operator" };
  if (facts.question !== null) return { kind: "blocked", question: facts.question };
  if (ended === "total" || ended === "idle") return { kind: "timed_out", limit: ended, ms: facts.limitMs };
  if (ended === "output") return printedTooMuch(facts.agentMs);
  if (ended === "disk") return wroteTooMuch(facts.diskBytes);
  if (ended === "full") return diskFull();
  if (ended === "lost") return lost();
  if (exit.outOfMemory) return outOfMemory();
  if (!result.ok && (result.cause === "auth" || result.cause === "limit"))
    return refused(result.cause, result);
  const unseen = exit.code === null && exit.signal === null;
  if (unseen || exit.abandoned) return result.ok ? { kind: "publish" } : lost();
  if (exit.signal !== null)
    return failed("agent", `Agent was killed by ${exit.signal}${words(result)}`, null);
  if (exit.code !== 0)
    return failed("agent", `Agent exited with code ${exit.code}${words(result)}`, missing(exit));
  if (!result.ok) return unfinished(result);
  return { kind: "publish" };
}

function failed(reason: FailureReason, why: string, fix: string | null): Judgement {
  return { kind: "failed", reason, why, fix };
}

function words(result: AgentResult): string {
  return result.failure ? `: ${result.failure}` : "";
}

function printedTooMuch(agentMs: number): Judgement {
  const why = `Agent printed more than the configured limit within ${Math.ceil(agentMs / 1000)} s and was stopped`;
  return failed("agent", why, "Ask for less output, or raise the output limit.");
}

function wroteTooMuch(diskBytes: number | null): Judgement {
  const limit = diskBytes === null ? "it may" : `${Math.round(diskBytes / 2 ** 20).toLocaleString("en")} MB`;
  const why = `Agent wrote so much that its folders take up more than ${limit}, and was stopped`;
  return failed("agent", why, "Ask for less, or raise dispatch.disk.");
}

function diskFull(): Judgement {
  const why =
    "The bot's disk was nearly full, and this agent took up most of it of those at work, so it was stopped";
  return failed("agent", why, "Free some space on the bot's disk, or set dispatch.disk.");
}

function outOfMemory(): Judgement {
  const fix = "Raise the run's memory limit or make the task smaller.";
  return failed("out_of_memory", "Agent ran out of memory", fix);
}

function refused(cause: "auth" | "limit", result: AgentResult): Judgement {
  if (cause === "auth") {
    const fix = "Check the agent's API key or login on the bot's host.";
    return failed("auth", `The model's provider refused the agent's key or login${words(result)}`, fix);
  }
  const until =
    result.resetsAt === null ? "until the limit ends" : `until ${new Date(result.resetsAt).toISOString()}`;
  const why = `The model's provider has reached its limit for this agent${words(result)}`;
  return failed("limit", why, `Wait ${until}, or name another agent.`);
}

function lost(): Judgement {
  const why = "The agent ended while the bot was away, and nobody saw how";
  return failed("lost", why, null);
}

/** What a shell and the engines say when there was no program to run. */
function missing(exit: Exit): string | null {
  if (exit.code === 127) return "The agent's program was not found: install it where the agent runs.";
  return exit.code === 126 ? "The agent's program may not be executed: check its permissions." : null;
}

function unfinished(result: AgentResult): Judgement {
  if (result.failure) return failed("agent", `Agent reported a failure: ${result.failure}`, null);
  return failed("agent", "Agent ended without saying it had finished", null);
}
