/** Is the engine there, and what can it hold an agent to? Asked at most every half minute, as runs are chosen by it. */
import { Refusal } from "../../model/errors.ts";
import { type Call, EngineAway, wordsOf } from "../container/cli.ts";
import type { Owner } from "../container/give.ts";
import type { RuntimeProbe } from "../runtime.ts";
import type { Dialect } from "./dialects.ts";
import type { EngineFacts } from "./info.ts";

export interface Probe {
  readonly probe: () => Promise<RuntimeProbe>;
  /** Rejects with a Refusal when it is not ready. */
  readonly facts: () => Promise<EngineFacts>;
}

/** What is ready stays so most often; what is not is being mended. */
const READY_MS = 30_000;
const NOT_READY_MS = 3_000;

export function createProbe(call: Call, dialect: Dialect, bot: Owner): Probe {
  let known: { readonly facts: Promise<EngineFacts>; until: number } | null = null;
  const facts = () => {
    if (known !== null && performance.now() < known.until) return known.facts;
    const asked = { facts: ask(call, dialect, bot), until: Infinity };
    known = asked;
    asked.facts.then(
      () => {
        asked.until = performance.now() + READY_MS;
      },
      () => {
        asked.until = performance.now() + NOT_READY_MS;
      },
    );
    return asked.facts;
  };
  return {
    facts,
    async probe() {
      try {
        const { version, lacks } = await facts();
        return { ready: true, version, reason: null, lacks };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const reason = error.fix === null ? error.message : `${error.message}. ${error.fix}`;
        return { ready: false, version: null, reason, lacks: {} };
      }
    },
  };
}

async function ask(call: Call, dialect: Dialect, bot: Owner): Promise<EngineFacts> {
  try {
    const answer = await call(["info", "--format", "{{json .}}"]);
    const facts = answer.code === 0 ? dialect.info(answer.stdout) : null;
    if (facts === null)
      throw new Refusal(`${dialect.name} does not work: ${wordsOf(answer)}`, dialect.install);
    if (facts.rootless && bot.uid === 0) {
      throw new Refusal(
        `${dialect.name} is rootless and another user's, and the bot is root`,
        "Run the bot as that user, or use the engine of root.",
      );
    }
    return facts;
  } catch (error) {
    if (error instanceof EngineAway) throw new Refusal(error.message, dialect.install);
    if (error instanceof Refusal && error.message.endsWith("is not installed"))
      throw new Refusal(error.message, dialect.install);
    throw error;
  }
}
