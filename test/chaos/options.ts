/** The command line of the chaos suite. Pure. */
import { parseArgs } from "node:util";

export interface Options {
  readonly store: "sqlite" | "postgres";
  readonly kills: number;
  readonly seed: number;
  /** The chaos ends after so many minutes even when not all kills were done; null: no such end. */
  readonly minutes: number | null;
  /** The folder with logs and records is kept also when all is well. */
  readonly keep: boolean;
}

export const HELP = `npm run chaos -- [options]

Kills real bot processes at random while people command and the forge fails, then checks the books.

  --store sqlite|postgres   which store (sqlite)
  --kills N                 how many processes are killed (50)
  --seed N                  decides every choice, but not the timing (a new one, printed at the start)
  --minutes M               ends the chaos after M minutes, even with fewer kills
  --keep                    keeps the folder with all logs even when all is well
  --help                    shows this

Last line: kills=N commands=N lost=N doubled=N unanswered=N seconds_off=N orphans=N
It exits 0 only when the last five are 0; docs/chaos.md says what they count.
`;

/** Null when help was asked for. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[], newSeed: () => number): Options | null {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      store: { type: "string", default: "sqlite" },
      kills: { type: "string", default: "50" },
      seed: { type: "string" },
      minutes: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const { store, seed, minutes } = values;
  if (store !== "sqlite" && store !== "postgres")
    throw new Error(`--store ${store}: it is sqlite or postgres`);
  return {
    store,
    kills: whole("--kills", values.kills, 0),
    seed: seed === undefined ? newSeed() : whole("--seed", seed, 0),
    minutes: minutes === undefined ? null : whole("--minutes", minutes, 1),
    keep: values.keep,
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value;
  throw new Error(`${name} ${text}: it is a whole number from ${least}`);
}
