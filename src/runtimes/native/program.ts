/**
 * Finds an agent's program as the agent's own environment would, before anything is started, so that a missing one
 * is said plainly and not as exit code 127. The answer is absolute: a shell never takes it for one of its builtins.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { Refusal } from "../../model/errors.ts";

/** Resolves to the absolute path of `name`; a Refusal says what to install. `path` is the agent's own PATH. */
export async function findProgram(name: string, path: string | undefined, cwd: string): Promise<string> {
  const fix = `install ${name} for the user the bot runs as, or give its full path as the agent's program`;
  if (isAbsolute(name) || name.includes("/")) {
    const file = resolve(cwd, name);
    if (await isExecutable(file)) return file;
    throw new Refusal(`starting ${name}: no executable file there`, fix);
  }
  for (const folder of (path ?? "").split(delimiter)) {
    // An empty entry means the working directory, which is the agent's checkout: never run a program from there.
    if (!isAbsolute(folder)) continue;
    const file = join(folder, name);
    if (await isExecutable(file)) return file;
  }
  throw new Refusal(`starting ${name}: no executable ${name} on PATH`, fix);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
