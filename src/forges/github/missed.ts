/** What was missed: an App reads GitHub's own log of deliveries; with a token there is none, so repositories are scanned. */
import type { Forge } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import { deliveryLog } from "./delivery-log.ts";
import { scan } from "./scan.ts";

export function missed(client: GithubClient, self: Forge["self"]): Pick<Forge, "missed"> {
  return { missed: client.config.auth.as === "app" ? deliveryLog(client) : scan(client, self) };
}
