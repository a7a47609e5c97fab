/** The chaos suite's program: `npm run chaos -- --help`. What it proves and how to read it: docs/chaos.md. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLine } from "./books.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { runSuite } from "./suite.ts";

const begun = Date.now();
const say = (line: string) =>
  void process.stderr.write(`${((Date.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);

async function main(options: Options): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "chaos-"));
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  say(`seed ${options.seed}, store ${options.store}, ${options.kills} kills, in ${dir}`);
  say("the seed decides what is done, not how long it takes: another run may meet other moments");
  const result = runSuite({ ...options, dir, say, signal: stop.signal });
  const { kills, commands, found, late } = await result.catch(async (error) => {
    if (stop.signal.aborted && !options.keep) await rm(dir, { recursive: true, force: true });
    else say(`all logs and records are in ${dir}`);
    throw error;
  });
  for (const { count, by, evidence } of found) say(`${count} ${by}: ${evidence}`);
  for (const line of late) say(`late: ${line}`);
  const isWell = found.length === 0 && late.length === 0;
  if (isWell && !options.keep) await rm(dir, { recursive: true, force: true });
  else say(`all logs and records are in ${dir}`);
  process.stdout.write(`${lastLine(kills, commands, found)}\n`);
  return isWell ? 0 : 1;
}

try {
  const options = readOptions(process.argv.slice(2), () => Math.floor(Math.random() * 2 ** 31));
  if (options) process.exitCode = await main(options);
  else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // Loops of a run that was ended early may still sleep.
  process.exit(2);
}
