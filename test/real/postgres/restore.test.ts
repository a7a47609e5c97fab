/** The PostgreSQL lines of docs/operations.md on backing up and restoring, as a person types them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { documents } from "../../docs/markdown.ts";
import { claim, comment, enqueue, FORGES } from "../../store/contract/harness.ts";
import { findPrograms } from "./cluster.ts";
import { ownCluster, sql } from "./server.ts";

/** Of the chapter on backups: the line that makes a dump, and those that put it back. */
function lines(): { readonly dump: string; readonly restore: readonly string[] } {
  const text = documents().find(({ path }) => path === "docs/operations.md")?.text ?? "";
  const chapter = text.split(/^## /m).find((one) => one.startsWith("Back up and restore")) ?? "";
  const typed = chapter.split("\n").filter((line) => /^(?:pg_dump|pg_restore|psql) /.test(line));
  return { dump: typed[0] ?? "", restore: typed.slice(1) };
}

test("a dump made and restored by the documented lines has all it held, and nothing that came later", async (t) => {
  const { url } = await ownCluster();
  await sql(url, "create database restored");
  const own = Object.assign(new URL(url), { pathname: "/restored" }).href;
  const dir = mkdtempSync(join(tmpdir(), "restore-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const type = (line: string) => {
    const env = { PATH: `${findPrograms()}:${process.env.PATH}`, DATABASE_URL: own };
    return execFileSync("sh", ["-c", line], { cwd: dir, env, encoding: "utf8", stdio: "pipe" });
  };
  const open = () => openPostgresStore({ url: own, newId: randomUUID });
  const { dump, restore } = lines();
  assert.equal(restore.length, 3);

  const before = await open();
  await enqueue(before, { id: "held" });
  await enqueue(before, { id: "claimed" });
  await claim(before);
  await before.addEffects([comment("said", 9)]);
  type(dump);
  await enqueue(before, { id: "later" });
  await before.close();
  // As a newer version may have left it.
  await sql(own, "create table agent_dispatch.newer (run text references agent_dispatch.runs (id))");
  for (const line of restore) type(line);

  const after = await open();
  t.after(() => after.close());
  const states = (await after.runs({})).map(({ id, state }) => `${id} ${state}`);
  assert.deepEqual(states.sort(), ["claimed queued", "held preparing"]);
  assert.equal((await claim(after))?.run.id, "claimed");
  const told = await after.takeEffects(FORGES, 9, 1);
  assert.deepEqual(
    told.map(({ key, tries }) => [key, tries]),
    [["said", 1]],
  );
});
