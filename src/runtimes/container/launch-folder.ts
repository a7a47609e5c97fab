/** The folder a container's agent is started from: the start script, the prompt, and the files it prints into. */
import { lstat, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../../model/errors.ts";
import type { OutputFiles } from "../output/tail.ts";
import type { RunHandle, StartSpec } from "../runtime.ts";
import { launchFolder } from "./places.ts";
import { startScript } from "./start-script.ts";

type Place = Pick<RunHandle, "logs" | "attempt">;

/** `env` is the whole environment. Nobody but the folder's owner may read what is in it. */
export async function writeLaunchFolder(
  spec: StartSpec,
  env: Readonly<Record<string, string>>,
  recordsExit: boolean,
): Promise<string> {
  const place = { logs: spec.folders.logs, attempt: spec.attempt };
  const dir = launchFolder(place);
  await removeLaunchFolder(place);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const files = { start: startScript({ env, recordsExit }), stdin: spec.stdin, stdout: "", stderr: "" };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text, { mode: 0o600, flag: "wx" });
  }
  return dir;
}

/** The agent could write there: whoever reads opens with care (`output/raw.ts`). */
export function outputOf(place: Place): OutputFiles {
  const dir = launchFolder(place);
  return { stdout: join(dir, "stdout"), stderr: join(dir, "stderr") };
}

/** Where the start script keeps the exit code, if it does. */
export function exitFile(place: Place): string {
  return join(launchFolder(place), "exit");
}

export async function removeLaunchFolder(place: Place): Promise<void> {
  await rm(launchFolder(place), { recursive: true, force: true });
}

/** The folders and files that are to be mounted, each there: an engine's own words on that name no fix. */
export async function requireSources({ argv, folders, visible }: StartSpec): Promise<void> {
  const found = await lstat(folders.checkout).catch(() => null);
  if (!found?.isDirectory()) {
    throw new Refusal(
      `starting ${argv[0]}: there is no checkout at ${folders.checkout}`,
      "retry the run to prepare it again",
    );
  }
  for (const path of visible) {
    if (await stat(path).catch(() => null)) continue;
    throw new Refusal(
      `starting ${argv[0]}: ${path}, which it is to see, is not there`,
      "make it, or take it out of the agent's settings",
    );
  }
}
