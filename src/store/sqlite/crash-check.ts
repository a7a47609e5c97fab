/**
 * A look at every page of the file before it is used, when its last user did not close it: then the power may have
 * failed, or someone tidied files away. It takes about a second for each gigabyte, so not at every start; damage in a
 * file that was closed well is noticed by SQLite when it comes to the page.
 */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { damagedFile, refusalOf } from "./trouble.ts";

/** Throws a Refusal for a damaged file. Does nothing for one that was closed well or that another process uses now. */
export function checkAfterCrash(file: string): void {
  let db: DatabaseSync | null = null;
  try {
    const journal = `${file}-wal`;
    if (!existsSync(file) || !existsSync(journal) || statSync(journal).size === 0) return;
    db = new DatabaseSync(file, { timeout: 0 });
    // Nobody else has the file, or this fails.
    db.exec("pragma locking_mode = exclusive; begin exclusive; commit");
    const finding = db.prepare("pragma quick_check(1)").get()?.quick_check;
    if (finding !== "ok") throw damagedFile(file, String(finding));
  } catch (error) {
    if (!isBusy(error)) throw refusalOf(file, error);
  } finally {
    if (db?.isOpen) db.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}
