/** Which accounts are bots: Forgejo does not say. */
import type { Actor } from "../../model/run.ts";

/**
 * Its own (Actions, deleted accounts) have no positive id; others are told by the custom of their names. One that is
 * taken for a bot by mistake can be listed as allowed.
 */
export function isBot({ id, login }: Actor): boolean {
  return id <= 0 || /(^|[-_.])bot$|\[bot\]$/i.test(login);
}
