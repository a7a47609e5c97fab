/**
 * Ends a worker's containers when it gives no sign of life: others may begin their runs anew. A container goes on
 * whatever becomes of who started it, so beside each worker stands one small shell loop, in a session of its own, that
 * looks once a second whether the sign in a file changes. It needs no clock: only changes count. It carries out orders
 * to stop, too, of a worker that died between its TERM and its KILL.
 *
 * A worker that starts again starts its own; the file with the newest one's name tells the others to go.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownerLabel } from "../container/labels.ts";
import { ABANDONED } from "../container/records.ts";

export interface Watched {
  /** Changed by a worker that lives. */
  readonly file: string;
  readonly silentMs: number;
}

export interface GuardOptions {
  readonly watched: Watched;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** This worker's folder for the engine, and in it the orders. */
  readonly dir: string;
  readonly orders: string;
  readonly owner: string;
}

/** A guard looks once a second. */
export function looksIn(ms: number): number {
  return Math.ceil(ms / 1000);
}

/**
 * An order is a number of looks, counted down in its file; what it says afterwards is read by `records.ts`. Silence
 * kills until nothing of the worker's runs, however long the engine is away; then the guard has done its work.
 */
const GUARD = `trap '' TERM INT HUP QUIT
sign=$1 silentLooks=$2 orders=$3 turn=$4 name=$5 engine=$6
shift 6
silent=0 seen=
while sleep 1; do
  read -r newest <"$turn" && [ "$newest" = "$name" ] || exit 0
  for order in "$orders"/*; do
    [ -f "$order" ] || continue
    read -r looks <"$order" || looks=
    case $looks in done | ${ABANDONED}) continue ;; *[!0-9]* | "") looks=0 ;; esac
    if [ "$looks" -gt 0 ]; then echo $((looks - 1)) >"$order"
    else "$engine" kill --signal KILL "\${order##*/}" && echo done >"$order"; fi
  done
  read -r now <"$sign" || now=
  if [ "$now" = "$seen" ]; then silent=$((silent + 1)); else silent=0 seen=$now; fi
  [ "$silent" -ge "$silentLooks" ] || continue
  ids=$("$engine" ps --quiet --no-trunc "$@") || continue
  [ -n "$ids" ] || exit 0
  for id in $ids; do
    [ -f "$orders/$id" ] || echo ${ABANDONED} >"$orders/$id"
    "$engine" kill --signal KILL "$id"
  done
done`;

/** Resolves once it stands. */
export async function startGuard(options: GuardOptions): Promise<void> {
  const { watched, program, env, dir, orders, owner } = options;
  const name = randomUUID();
  const turn = join(dir, "guard");
  await writeFile(turn, `${name}\n`, { mode: 0o600 });
  const args = [
    watched.file,
    `${looksIn(watched.silentMs)}`,
    orders,
    turn,
    name,
    program,
    "--filter",
    `label=${ownerLabel(owner)}`,
  ];
  const child = spawn("/bin/sh", ["-c", GUARD, "agent-dispatch", ...args], {
    env,
    cwd: "/",
    detached: true,
    stdio: "ignore",
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
}
