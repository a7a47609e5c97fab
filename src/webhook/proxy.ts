/** smee.io channels for a laptop behind NAT: deliveries come down the channel and are posted to our own door. */
import type { Logger } from "pino";
import { SmeeClient } from "smee-client";
import type { ForgeConfig } from "../config/config.ts";
import { messageOf } from "../model/errors.ts";

/** A channel that cannot be reached is said and given up; everything else works without it. */
export async function connectProxies(
  forges: readonly ForgeConfig[],
  url: string,
  log: Logger,
): Promise<{ close(): void }> {
  const sources: { close(): void }[] = [];
  for (const forge of forges) {
    if (forge.webhookProxy === null) continue;
    const target = `${url}/api/webhooks/${forge.name}`;
    try {
      const client = new SmeeClient({
        source: forge.webhookProxy,
        target,
        logger: { info: () => {}, error: (line: string) => log.warn(line) },
      });
      const events = await client.start();
      sources.push(events);
      log.info(`forge ${forge.name}: deliveries of ${forge.webhookProxy} are passed on to ${target}`);
    } catch (error) {
      log.error(
        `forge ${forge.name}: reaching ${forge.webhookProxy}: ${messageOf(error)}; check the address and the network`,
      );
    }
  }
  return {
    close() {
      for (const source of sources) source.close();
    },
  };
}
