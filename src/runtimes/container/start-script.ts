/**
 * The text that a container's /bin/sh runs to start the agent. Why a script: whatever is given to an engine as
 * environment or argument is shown by `inspect`, to everyone who may talk to the engine, for as long as the container
 * is there; and a prompt given as argument is in `ps`. A script in a folder of the run's own shows nothing, and takes
 * itself and the prompt away before the agent begins. It is read whole (the braces) before it does so.
 *
 * Output goes into files beside it and not to the engine: its logs keep every line as an object of their own (50 MB of
 * short lines took a minute to read back from docker and podman, and 300 MB of disk), may lose the last one, are cut or
 * sent elsewhere by settings of the machine, and need a process of ours for each run that reads them.
 */
import { posix } from "node:path";
import { LAUNCH } from "./places.ts";

/** What an engine or a shell adds by itself: none of it was given to the agent. */
const ADDED = ["HOSTNAME", "HOME", "TERM", "container"];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface StartScript {
  readonly env: Readonly<Record<string, string>>;
  /** Has the shell wait for the agent and write its exit code down, where the engine does not tell it. */
  readonly recordsExit: boolean;
}

/** Its arguments are the program's absolute path and the rest of its command line. */
export function startScript({ env, recordsExit }: StartScript): string {
  const at = (name: string) => posix.join(LAUNCH, name);
  const exported = Object.entries(env).map(([name, value]) => {
    if (!NAME.test(name)) throw new Error(`starting the agent: no shell can set the variable ${name}`);
    return `export ${name}=${quoted(value)}`;
  });
  return [
    "{",
    `exec <${at("stdin")} >>${at("stdout")} 2>>${at("stderr")}`,
    `rm -f ${at("start")} ${at("stdin")}`,
    `unset ${ADDED.join(" ")}`,
    ...exported,
    "unset PWD OLDPWD SHLVL _",
    ...(recordsExit ? ['"$@"', `printf 'exit %d\\n' "$?" >${at("exit")}; exit`] : ['exec "$@"']),
    "}",
    "",
  ].join("\n");
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
