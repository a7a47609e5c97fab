/** Words kept under a name for whoever asks; what they mean is not known here. */
import type { Store } from "../store.ts";
import type { Context } from "./context.ts";

export function bookmarks({ db }: Context): Pick<Store, "bookmark" | "setBookmark"> {
  return {
    async bookmark(name) {
      const sql = "select value from bookmarks where name = $1";
      return (await db.get<{ value: string }>(sql, name))?.value ?? null;
    },
    async setBookmark(name, value) {
      await db.run(
        "insert into bookmarks values ($1, $2) on conflict (name) do update set value = excluded.value",
        name,
        value,
      );
    },
  };
}
