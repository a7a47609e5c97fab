/**
 * Starts an agent so that it needs nothing of us to go on: its own session, a file as stdin, files as stdout and
 * stderr. Between us and it stands one /bin/sh whose only work is to write down how the agent ended, so that a
 * process started after our death learns the true exit code too. The command comes to it as arguments, never as
 * text of the script. See `exit.ts` for how its record is read.
 *
 * The shell passes the environment on as it is, except PWD, OLDPWD, SHLVL and _, which are a shell's own.
 *
 * Where a guard is asked for, the shell also starts a loop that looks each second whether the sign of life in a file
 * ($1) has changed, and kills its whole group when it has not for $2 looks. See `alive.ts`. It does so, too, so many
 * looks after an order to stop as that says (the file $3): a worker killed between its TERM and its KILL leaves nothing.
 *
 * A confined agent has two such shells: this one outside, out of the agent's reach, waits for bubblewrap, and one
 * inside, which can tell a death by signal, waits for the agent. Of ours, the agent holds its output files and what
 * the one inside writes to.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rm, writeFile } from "node:fs/promises";
import { messageOf, Refusal } from "../../model/errors.ts";
import type { StartSpec } from "../runtime.ts";
import { type Guard, looksIn } from "./alive.ts";
import type { RawFiles } from "./record.ts";

/**
 * Signals to the group must not end the recorder before the agent: they are trapped, which an exec resets. The
 * shell's own stderr is the record (fd 3): every shell names a death by signal there ("Killed"), which tells
 * SIGKILL from exit code 137. bash does so only outside its posix mode.
 *
 * The guard ignores what asks an agent to end, which its agent may ignore too. It naps in a child that it can end, and
 * the recorder waits for it, so that no zombie is left where nobody reaps orphans.
 */
const recorder = (
  given: string,
) => `case \${BASH_VERSION-} in ?*) (set +o posix) 2>/dev/null && set +o posix ;; esac
trap : TERM INT HUP QUIT
exec 4>&2 2>&3
if [ -n "$1" ]; then
  (
    trap '' TERM INT HUP QUIT
    exec </dev/null >/dev/null 2>&1 4>&- 5>&-
    trap 'kill -KILL "$nap"; wait; exit' USR1
    silent=0 seen= stop= nap=
    while :; do
      sleep 1 3>&- & nap=$!
      wait "$nap"
      case $? in 0) ;; 127) exit ;; *) continue ;; esac
      read -r sign <"$1" || sign=
      if [ "$sign" = "$seen" ]; then silent=$((silent + 1)); else silent=0 seen=$sign; fi
      if [ -n "$stop" ]; then stop=$((stop - 1)); elif [ -f "$3" ]; then read -r stop <"$3"; fi
      [ "$silent" -lt "$2" ] && [ "\${stop:-1}" -gt 0 ] && continue
      [ -n "$stop" ] || echo abandoned >&3
      kill -KILL 0
    done
  ) &
fi
shift 3
(unset PWD OLDPWD SHLVL _; exec "$@" 2>&4 ${given} 4>&- 5>&-)
code=$?
printf 'exit %d\\n' "$code" >&3
exec 2>/dev/null
[ -z "$!" ] || { kill -USR1 "$!"; wait; }
exit "$code"`;
/** The record of the shell inside becomes its fd 3; the one outside writes to its own. */
const RECORDER = { alone: recorder("3>&-"), outside: recorder("3>&5") };
const NO_GUARD = ["", "0", ""];

const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = constants;
const APPEND_NEW = O_WRONLY | O_CREAT | O_EXCL | O_APPEND;

export interface LaunchTools {
  readonly turn: () => Promise<void>;
  readonly guard: Guard | null;
  /** What confines, and the user that the agent becomes, where it is another; null: the agent is not confined. */
  readonly confinement: { readonly prefix: readonly string[]; readonly user: number | null } | null;
}

/** Spawns `program` with the rest of the spec's argv; resolves once the process exists. */
export async function launch(
  spec: StartSpec,
  program: string,
  env: Readonly<Record<string, string>>,
  files: RawFiles,
  { turn, guard, confinement }: LaunchTools,
): Promise<ChildProcess> {
  await mkdir(spec.folders.logs, { recursive: true, mode: 0o700 });
  // An earlier attempt may have put anything there: a fifo would hang the open.
  for (const file of Object.values(files)) await rm(file, { recursive: true, force: true });
  await writeFile(files.stdin, spec.stdin, { mode: 0o600, flag: "wx" });
  const opened: FileHandle[] = [];
  try {
    opened.push(await open(files.stdin, constants.O_RDONLY | constants.O_NOFOLLOW));
    for (const file of [files.stdout, files.stderr]) opened.push(await open(file, APPEND_NEW, 0o600));
    // Programs open these again by their names in /dev.
    if (confinement?.user) for (const file of opened) await file.chown(confinement.user, confinement.user);
    for (const file of confinement ? [files.exit, files.inside] : [files.exit])
      opened.push(await open(file, APPEND_NEW, 0o600));
    await turn();
    const watch = guard ? [guard.file, String(looksIn(guard.silentMs)), files.stop] : NO_GUARD;
    const command = [program, ...spec.argv.slice(1)];
    const alone = ["-c", RECORDER.alone, "agent-dispatch"];
    const argv = confinement
      ? ["-c", RECORDER.outside, "agent-dispatch", ...watch, ...confinement.prefix]
      : [...alone, ...watch];
    const inside = confinement ? ["/bin/sh", ...alone, ...NO_GUARD] : [];
    // The shell's fd 4 is its own.
    const [stdin, stdout, stderr, exit, second] = opened.map((file) => file.fd);
    const stdio = [stdin, stdout, stderr, exit, "ignore", second ?? "ignore"] as const;
    const child = await spawned(spec.argv[0], () =>
      spawn("/bin/sh", [...argv, ...inside, ...command], {
        cwd: spec.folders.checkout,
        env,
        detached: true,
        stdio: [...stdio],
      }),
    );
    return child;
  } finally {
    for (const file of opened) await file.close();
    // The agent holds it open; nobody else may read the prompt from here on.
    await rm(files.stdin, { force: true });
  }
}

/** Node throws some failures of a spawn and emits the others. */
async function spawned(name: string, spawnChild: () => ChildProcess): Promise<ChildProcess> {
  try {
    const child = spawnChild();
    await once(child, "spawn");
    return child;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "E2BIG") {
      throw new Refusal(`starting ${name}: its arguments and environment are too long`, "shorten them");
    }
    throw new Error(`starting ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Forks block the event loop: each caller gets a turn of the loop of its own. */
export function createTurns(): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
