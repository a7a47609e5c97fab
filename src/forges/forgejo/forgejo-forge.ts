/** A Forgejo instance (or a Gitea one, whose API and webhooks it shares) as a Forge. */
import type { Forge } from "../forge.ts";
import { type ForgejoOptions, forgejoApi } from "./api.ts";
import { forgejoComments } from "./comments.ts";
import { forgejoLabels } from "./labeled-by.ts";
import { forgejoMissed } from "./missed.ts";
import { parse } from "./parse.ts";
import { forgejoPeople } from "./people.ts";
import { forgejoPulls } from "./pulls.ts";
import { forgejoRights } from "./rights.ts";
import { forgejoTime } from "./time.ts";
import { identify, verify, verifyRewritten } from "./webhook.ts";

/** No request is made here; `probe` tells whether it works. */
export function createForgejoForge(options: ForgejoOptions): Forge {
  const { config } = options;
  const api = forgejoApi(options);
  const people = forgejoPeople(api);
  return {
    name: config.name,
    kind: "forgejo",
    identify,
    verify: async (headers, body) =>
      verify(headers, body, config.webhookSecret) ||
      (config.webhookProxy !== null && verifyRewritten(headers, body, config.webhookSecret)),
    parse: (delivery) => parse(delivery, config.name),
    ...people,
    rights: () => forgejoRights(api, people.self),
    ...forgejoComments(api),
    ...forgejoPulls(api),
    ...forgejoTime(api, people.self),
    ...forgejoMissed(api),
    ...forgejoLabels(api),
    async gitCredential(repo) {
      const { login } = await people.self();
      const url = `${config.url}/${encodeURIComponent(repo.owner)}/${encodeURIComponent(repo.name)}.git`;
      return { url, username: login, password: config.token };
    },
  };
}
