/**
 * What the trial agents do: plain shell, since an image may hold nothing else, with node, python3, bash or nc for
 * connections, whichever is there. They print lines `doctor:<name> <value>`, which `readFacts` takes out of whatever
 * else is printed.
 */

/** What trial agents said, by name; a name may come more than once. */
export type Facts = ReadonlyMap<string, readonly string[]>;

const SAY = `say() { printf 'doctor:%s %s\\n' "$1" "$2"; }`;

/**
 * `$1` is what the canaries hold, `$2` the bot's pid; then come canaries, `--`, sockets, `--`, folders that should
 * not be writable, `--`, the run's own folders.
 */
export const LOOK = `${SAY}
say uid "$(id -u)"
if [ -r /proc/self/status ]; then
  while read -r key value; do
    case $key in CapEff: | CapBnd: | NoNewPrivs:) say "\${key%:}" "$value" ;; esac
  done </proc/self/status
fi
secret=$1 bot=$2
shift 2
if head -c 1 "/proc/$bot/environ" >/dev/null 2>&1; then say bot "$(sed 's/.*) //' "/proc/$bot/stat" | cut -d ' ' -f 20)"; fi
while [ "$1" != -- ]; do [ "$(cat "$1" 2>/dev/null)" != "$secret" ] || say seen "$1"; shift; done
shift
while [ "$1" != -- ]; do [ ! -S "$1" ] || [ ! -w "$1" ] || say socket "$1"; shift; done
shift
while [ "$1" != -- ]; do [ ! -w "$1" ] || say writable "$1"; shift; done
shift
for own in "$@"; do (umask 077 && printf %s "$secret" >"$own/.doctor") 2>/dev/null || say denied "$own"; done
say looked done`;

/** Threes of a name, a host and a port. Says `yes`, `named` (only the name was resolved), `no` or `unknown`. */
export const REACH = `${SAY}
reach() {
  if command -v node >/dev/null 2>&1; then
    node -e '
      const [host, port] = process.argv.slice(1);
      let named = "no";
      const end = (word) => { console.log(word); process.exit(0); };
      const socket = require("net").connect({ host, port: Number(port) }, () => end("yes"));
      socket.on("lookup", (error) => { if (!error) named = "named"; });
      socket.on("error", () => end(named));
      setTimeout(() => end(named), 4000);' "$1" "$2"
  elif command -v python3 >/dev/null 2>&1; then
    python3 -c '
import socket, sys
word = "no"
try:
    found = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM)
    word = "no" if found[0][4][0] == sys.argv[1] else "named"
    socket.create_connection(sys.argv[1:3], 4)
    word = "yes"
except OSError:
    pass
print(word)' "$1" "$2"
  elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
    if timeout 4 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; then echo yes; else echo no; fi
  elif command -v nc >/dev/null 2>&1; then
    if nc -w 4 "$1" "$2" </dev/null >/dev/null 2>&1; then echo yes; else echo no; fi
  else
    echo unknown
  fi
}
while [ $# -ge 3 ]; do
  (say "reach-$1" "$(reach "$2" "$3" 2>/dev/null)") &
  shift 3
done
wait
say looked done`;

/** With the limits of `TRIED`: allocates beyond the memory, then starts more processes than are allowed. */
export const LIMITS = `${SAY}
for file in /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us; do
  [ ! -r "$file" ] || { say cpu "$(cat "$file")"; break; }
done
dd if=/dev/zero of=/dev/null bs=320M count=1 2>/dev/null
say memory "$?"
say forking 64
(
  count=0
  while [ "$count" -lt 64 ]; do sleep 60 & count=$((count + 1)); done
  say forked "$count"
) </dev/null 2>/dev/null
exit 0`;

/** Small enough that nothing happens to the host where they do not hold. */
export const TRIED = { memoryBytes: 128 * 1024 * 1024, cpus: 0.5, pids: 32 } as const;

export const ENDS_BY_CODE = "exit 7";
export const ENDS_BY_SIGNAL = "kill -KILL $$; sleep 1; exit 9";
/** Not for ever: nobody may be left to end it. */
export const RUNS_ON = `${SAY}
say up 1
count=0
while [ "$count" -lt 300 ]; do sleep 1; count=$((count + 1)); done`;

export function readFacts(printed: string): Facts {
  const facts = new Map<string, string[]>();
  for (const [, name = "", value = ""] of printed.matchAll(/^doctor:(\S+) ?(.*)$/gm)) {
    facts.set(name, [...(facts.get(name) ?? []), value.trim()]);
  }
  return facts;
}

export const first = (facts: Facts, name: string): string | null => facts.get(name)?.[0] ?? null;
