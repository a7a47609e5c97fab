import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { storeContract } from "../../contracts/store.ts";

storeContract("sqlite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  const clock = { now: 1_795_000_000_000 };
  const stores: Store[] = [];
  const reopen = async () => {
    const store = await openSqliteStore({
      file: join(folder, "store.db"),
      now: () => clock.now,
      newId: randomUUID,
    });
    stores.push(store);
    return store;
  };
  return {
    store: await reopen(),
    reopen,
    clock,
    async dispose() {
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
