/** What the bot itself needs of its machine: folders it may write, space, and a store that opens. */
import { mkdir, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../model/errors.ts";
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import type { RepoRef } from "../model/run.ts";
import type { DoctorDeps, Try } from "./doctor.ts";

const STEP_MS = 20_000;
/** How many runs back repositories are looked for. */
const RUNS = 200;
const MB = 1024 * 1024;
/** The server takes no webhooks with less. */
const LEAST_BYTES = 64 * MB;
/** A checkout or two, and an agent's build. */
const ENOUGH_BYTES = 2048 * MB;

/** Gives back the repositories that the bot has served. */
export async function tryHost(deps: DoctorDeps, tryOut: Try): Promise<readonly RepoRef[]> {
  const { dataDir, workspaceRoot } = deps.config;
  for (const [subject, folder] of [
    ["data folder", dataDir],
    ["workspaces", workspaceRoot],
  ] as const) {
    await tryOut("host", subject, "write", STEP_MS, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(folder);
      return [await writable(folder, deps.bench.newId()), judgeSpace(bavail * bsize, folder)];
    });
  }
  let served: readonly RepoRef[] = [];
  await tryOut("host", "store", "open", STEP_MS, async () => {
    const store = await deps.openStore();
    try {
      served = (await store.runs({ limit: RUNS })).map(({ repo }) => repo);
      return passes("open", deps.config.databaseUrl === null ? "SQLite" : "PostgreSQL");
    } finally {
      await store.close();
    }
  });
  return served;
}

/** On the disk, not only in memory. */
async function writable(folder: string, id: string): Promise<Judged> {
  const file = join(folder, `.doctor-${id}`);
  try {
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile("doctor\n");
    await handle.sync();
    await handle.close();
    return passes("write", folder);
  } catch (error) {
    return fails("write", messageOf(error), `let the server's user write ${folder}`);
  } finally {
    await rm(file, { force: true }).catch(() => {});
  }
}

export function judgeSpace(bytes: number, folder: string): Judged {
  const free = `${Math.floor(bytes / MB)} MB free in ${folder}`;
  const fix = "make room, or lower `housekeeping` in agents.yaml";
  if (bytes < LEAST_BYTES) return fails("space", `${free}: webhooks are refused`, fix);
  return bytes < ENOUGH_BYTES ? warns("space", free, fix) : passes("space", free);
}
