/** Who put a label on, which Forgejo's webhooks do not say: the issue's timeline does. */
import type { Forge } from "../forge.ts";
import type { Api } from "./api.ts";
import { isBot } from "./bot.ts";
import { createReader } from "./reader.ts";
import { NOBODY } from "./replay.ts";
import { timelineOf, timeOf } from "./timeline.ts";

/** For all pages of a timeline; others wait meanwhile. */
const LONGEST_MS = 60_000;

/** Null on an instance without timelines (before Gitea and Forgejo 1.18). */
export function forgejoLabels(api: Api): Required<Pick<Forge, "labeledBy">> {
  return {
    async labeledBy(repo, issue, label, { since, until }) {
      const reader = createReader(api, AbortSignal.timeout(LONGEST_MS));
      const from = new Date(since).toISOString();
      const entries = await timelineOf(reader, { repo, issue, isPull: true, since: from, until });
      const adding = entries?.findLast((entry) => {
        const at = timeOf(entry.created_at);
        const isAdding = entry.type === "label" && entry.body === "1" && entry.label?.name === label;
        return isAdding && at >= since && at <= until;
      });
      if (!adding) return null;
      const { id = NOBODY.id, login = NOBODY.login } = adding.user ?? NOBODY;
      return { by: { id, login, bot: isBot({ id, login }) }, at: timeOf(adding.created_at) };
    },
  };
}
