/** Words kept under a name for whoever asks; what they mean is not known here. */
import type { Store } from "../store.ts";
import type { Context } from "./context.ts";

export function bookmarks({ db }: Context): Pick<Store, "bookmark" | "setBookmark"> {
  return {
    async bookmark(name) {
      return db.get<{ value: string }>("select value from bookmarks where name = ?", name)?.value ?? null;
    },
    async setBookmark(name, value) {
      db.run("insert or replace into bookmarks values (?, ?)", name, value);
    },
  };
}
