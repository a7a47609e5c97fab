/**
 * The server's own logins, lent to runs. Before its start a run gets a copy of what its CLI needs of them; when the
 * agent has ended, what the CLI renewed is taken back into the server's file, and the copy is destroyed. So no two
 * runs write to one login, and no run sees more of the server's home than that.
 *
 * Nothing is taken back over a file that has changed since it was lent: another run, or a person, was first. Taking
 * back is done under a lock of the operating system that ends with its holder, and by renaming a whole file into
 * place. A crash before it leaves everything for the next process; one after it leaves a file that has changed since.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LaunchFile, Login } from "../agents/agent.ts";
import { Refusal } from "../model/errors.ts";
import type { RunFolders } from "../model/folders.ts";
import { at, isObject, type Json, renewalOf, secretsOf, withValues } from "./login-renewal.ts";

export interface Lent {
  /** To be written into the run's home. */
  readonly files: readonly LaunchFile[];
  readonly secrets: readonly string[];
  /** Remembers what was lent, for `takeBack`. To be called before the files are written. */
  readonly record: (folders: Pick<RunFolders, "logs">) => void;
}

export interface TakenBack {
  readonly path: string;
  readonly how: "unchanged" | "renewed" | "refused";
  /** Why it was refused, for the admin. */
  readonly why: string | null;
}

/** Tokens of a few kilobytes each. */
const LARGEST = 256 * 1024;
const RECORD = "logins.json";
const LOCK_MS = 5_000;

/** `home` is that of the server's user. Throws a Refusal when somebody has to log in first. */
export function lend(agent: string, logins: readonly Login[], home: string): Lent {
  const found = logins.map((login) => {
    const file = join(home, login.path);
    const bytes = readRegular(file);
    const json = bytes && parse(bytes);
    if (!bytes || !json || !login.fields.some((field) => at(json, field) != null))
      throw notLoggedIn(agent, login, file);
    const content = partOf(login, json);
    return { login, json, content, marks: { server: hashOf(bytes), copy: hashOf(content) } };
  });
  return {
    files: found.map(({ login, content }) => ({ in: "home", path: login.path, content })),
    secrets: found.flatMap(({ login, json }) => secretsOf(login, json)),
    record: ({ logs }) => {
      const marks = Object.fromEntries(found.map(({ login, marks }) => [login.path, marks]));
      writeWhole(join(logs, RECORD), JSON.stringify(marks));
    },
  };
}

/** What the agent's CLI has renewed by now; only what could be taken back counts. */
export function renewedSecrets(
  logins: readonly Login[],
  home: string,
  folders: RunFolders,
): readonly string[] {
  return logins.flatMap((login) => {
    const lent = jsonOf(readRegular(join(home, login.path)));
    const left = jsonOf(readInside(folders.home, login.path));
    if (!lent || !left || renewalOf(login, lent, left).is === "refused") return [];
    return secretsOf(login, left);
  });
}

/** Done for a run that was lent nothing, or whose logins are back already, it does nothing. */
export function takeBack(logins: readonly Login[], home: string, folders: RunFolders): readonly TakenBack[] {
  const record = jsonOf(readRegular(join(folders.logs, RECORD)));
  if (!record) return [];
  try {
    return logins.flatMap((login) => {
      const marks = record[login.path];
      return isObject(marks) ? [takeOne(login, marks, home, folders)] : [];
    });
  } finally {
    for (const { path } of logins)
      if (isInside(folders.home, path)) rmSync(join(folders.home, path), { recursive: true, force: true });
    rmSync(join(folders.logs, RECORD), { force: true });
  }
}

function takeOne(login: Login, marks: Json, home: string, folders: RunFolders): TakenBack {
  const refused = (why: string): TakenBack => ({ path: login.path, how: "refused", why });
  const unchanged: TakenBack = { path: login.path, how: "unchanged", why: null };
  const copy = readInside(folders.home, login.path);
  if (copy && hashOf(copy) === marks.copy) return unchanged;
  const left = jsonOf(copy);
  if (!left) return refused("what the agent left is no login");
  const file = join(home, login.path);
  return locked(`${file}.lock`, () => {
    const bytes = readRegular(file);
    const lent = jsonOf(bytes);
    if (!bytes || !lent) return refused("the server's own login is gone");
    const renewal = renewalOf(login, lent, left);
    if (renewal.is === "unchanged") return unchanged;
    if (hashOf(bytes) !== marks.server) return refused("the server's own login was renewed meanwhile");
    if (renewal.is === "refused") return refused(renewal.why);
    writeWhole(file, `${JSON.stringify(withValues(lent, renewal.values), null, 2)}\n`);
    return { path: login.path, how: "renewed", why: null };
  });
}

/** SQLite's lock of a file that nothing is written to: never stale, since it is the process's own. */
function locked<T>(file: string, work: () => T): T {
  const lock = new DatabaseSync(file, { timeout: LOCK_MS });
  try {
    lock.exec("begin exclusive");
    return work();
  } finally {
    lock.close();
  }
}

function partOf(login: Login, json: Json): string {
  const fields = login.fields.flatMap((field) => (Object.hasOwn(json, field) ? [[field, json[field]]] : []));
  return `${JSON.stringify(Object.fromEntries(fields), null, 2)}\n`;
}

/** Null for what is no regular file of sane size: a link, a pipe, a gigabyte. */
function readRegular(file: string): Buffer | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= LARGEST ? readFileSync(fd) : null;
  } finally {
    closeSync(fd);
  }
}

function readInside(root: string, path: string): Buffer | null {
  return isInside(root, path) ? readRegular(join(root, path)) : null;
}

/** The folders on the way are real ones: an agent may have left a link to another user's. */
function isInside(root: string, path: string): boolean {
  const folders = dirname(path).split("/");
  return folders.every((_, n) => {
    const folder = join(root, ...folders.slice(0, n + 1));
    return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  });
}

function jsonOf(bytes: Buffer | null): Json | null {
  return bytes && parse(bytes);
}

function parse(bytes: Buffer): Json | null {
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}

function writeWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}.new`;
  rmSync(aside, { force: true });
  const fd = openSync(aside, "wx", 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(aside, file);
}

function hashOf(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function notLoggedIn(agent: string, { how }: Login, file: string): Refusal {
  return new Refusal(
    `starting ${agent}: the bot is to lend it its own login, and ${file} holds none`,
    `Log in once as the bot's user (${how}), or take home: login from agents.${agent} and give it a key.`,
  );
}
