/** The server's log on a terminal: time, level, words, and what goes with them, instead of JSON. */
import { harmless, painter, type Sink } from "./io.ts";

const LEVELS: Readonly<Record<number, readonly [string, "red" | "yellow" | "dim" | "green"]>> = {
  10: ["trace", "dim"],
  20: ["debug", "dim"],
  30: ["info ", "green"],
  40: ["warn ", "yellow"],
  50: ["error", "red"],
  60: ["fatal", "red"],
};
/** The same on every line of one process, or shown already. */
const HIDDEN = new Set(["level", "time", "pid", "hostname", "msg", "err", "name"]);

/** A destination for pino; a line that is not pino's passes as it is. */
export function readableLog(
  out: Sink,
  env: Readonly<Record<string, string | undefined>>,
): { write(line: string): void } {
  const paint = painter(out, env);
  return {
    write(line) {
      let entry: Record<string, unknown>;
      try {
        entry = JSON.parse(line);
      } catch {
        out.write(line);
        return;
      }
      const [level, colour] = LEVELS[Number(entry.level)] ?? ["     ", "dim"];
      const time = new Date(Number(entry.time)).toTimeString().slice(0, 8);
      const rest = Object.entries(entry).filter(([key]) => !HIDDEN.has(key));
      const facts = rest.map(
        ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
      );
      const stack = (entry.err as { stack?: string } | undefined)?.stack;
      const words = [
        harmless(String(entry.msg ?? "")),
        ...(facts.length > 0 ? [paint(harmless(facts.join(" ")), "dim")] : []),
      ]
        .join(" ")
        .trimEnd();
      out.write(
        `${paint(time, "dim")} ${paint(level, colour)} ${words}\n${stack ? `${harmless(stack)}\n` : ""}`,
      );
    },
  };
}
