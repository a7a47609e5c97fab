/** `npm run bench`: every benchmark in turn, each in a process of its own; a failing one fails the whole. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const all = ["ack", "idle", "claim", "prepare", "fanout", "start", "sandbox"];
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(", ")}; there are: ${all.join(", ")}`);
  process.exit(2);
}
let failed = 0;
for (const name of chosen.length > 0 ? chosen : all) {
  console.log(`\n== ${name}`);
  const done = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
  if (done.status !== 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
