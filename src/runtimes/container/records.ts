/**
 * What a worker keeps on disk for its containers: its mark on them, and the orders to end one. An order outlives the
 * process that gave it: the guard carries it out (`guard.ts`), and who reads the end later knows that the KILL was ours.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Records {
  /** The folder of orders. */
  readonly orders: string;
  /** Null before this worker's first container of this engine. */
  owner(): Promise<string | null>;
  /** Makes it if there is none. */
  makeOwner(): Promise<string>;
  /** `looks`: so many seconds after this the guard kills the container, if it is still there. */
  order(id: string, looks: number): Promise<void>;
  /** Who of us killed, or was to kill, the container. */
  killer(id: string): Promise<"bot" | "guard" | null>;
  forget(id: string): Promise<void>;
}

/** Written by the guard in the place of an order. */
export const ABANDONED = "abandoned";

/** `dir` is this worker's own, kept over restarts. */
export function openRecords(dir: string): Records {
  const orders = join(dir, "orders");
  const file = join(dir, "owner");
  const owner = async () => (await readFile(file, "utf8").catch(() => "")).trim() || null;
  let making: Promise<string> | null = null;
  const make = async () => {
    await mkdir(orders, { recursive: true, mode: 0o700 });
    const known = await owner();
    if (known !== null) return known;
    const made = randomUUID();
    await writeFile(`${file}.new`, `${made}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  };
  return {
    orders,
    owner,
    makeOwner() {
      making ??= make().finally(() => {
        making = null;
      });
      return making;
    },
    async order(id, looks) {
      // A full disk keeps no order: the container is stopped by this process all the same.
      await writeFile(join(orders, id), `${looks}\n`, { flag: "wx", mode: 0o600 }).catch(() => {});
    },
    async killer(id) {
      const text = await readFile(join(orders, id), "utf8").catch(() => null);
      if (text === null) return null;
      return text.trim() === ABANDONED ? "guard" : "bot";
    },
    forget: (id) => rm(join(orders, id), { force: true }),
  };
}
