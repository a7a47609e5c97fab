/**
 * The folder of a run's proxy: `<runId>.<attempt>` in a folder that only the bot's user may enter. In it `shared`, all
 * of which the run sees: the proxy's socket and the relay. The control socket, the journal and the token lie beside it.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

export const SHARED = "shared";
export const CONTROL_FILE = "control.sock";
export const TOKEN_FILE = "token";
export const LOG_FILE = "proxy.log";
/** What is said over the control socket, and back. */
export const END = "end\n";

export interface RunKey {
  readonly runId: string;
  readonly attempt: number;
}

export function folderName({ runId, attempt }: RunKey): string {
  return `${runId}.${attempt}`;
}

/** Null for a name that is none of ours. */
export function keyFrom(name: string): RunKey | null {
  const [, runId, attempt] = /^(.+)\.(\d+)$/.exec(name) ?? [];
  return runId === undefined ? null : { runId, attempt: Number(attempt) };
}

/** The limit is 108 bytes on Linux and 104 on macOS, with the one that ends it. */
const LONGEST_PATH = 100;

/** Connects to a socket whatever the length of its path: a link with a short name leads to its folder while it does. */
export async function connectTo(path: string): Promise<Socket> {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return await connected(path);
  const link = mkdtempSync(join(tmpdir(), "egress-"));
  try {
    symlinkSync(dirname(path), join(link, "to"));
    return await connected(join(link, "to", basename(path)));
  } finally {
    rmSync(link, { recursive: true, force: true });
  }
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise<void>((settle, reject) => socket.once("error", reject).once("connect", settle));
  return socket;
}
