/**
 * smee.io channels for a machine that forges cannot reach: deliveries come down the channel and are posted to our own
 * door, which checks them as any other. A channel that cannot be reached is said, once, and tried again; nothing waits
 * for it, and everything else works without it.
 */
import type { Logger } from "pino";
import { SmeeClient } from "smee-client";
import type { ForgeConfig } from "../config/config.ts";
import { messageOf } from "../model/errors.ts";

const RETRY_MS = 30_000;

type Log = Pick<Logger, "info" | "warn" | "error">;

/**
 * Listens until `close`, and returns at once. `url` is our own server's, without a trailing slash. A lost connection
 * is taken up again by the client itself; one that was refused is asked for again after `retryMs` milliseconds.
 */
export function connectProxies(
  forges: readonly ForgeConfig[],
  url: string,
  log: Log,
  retryMs = RETRY_MS,
): { close(): void } {
  const channels = forges.flatMap(({ name, webhookProxy }) =>
    webhookProxy === null
      ? []
      : [listen(name, webhookProxy, `${url}/api/webhooks/${encodeURIComponent(name)}`, log, retryMs)],
  );
  return {
    close() {
      for (const channel of channels) channel.close();
    },
  };
}

function listen(name: string, source: string, target: string, log: Log, retryMs: number): { close(): void } {
  let retry: NodeJS.Timeout | undefined;
  let isOpen: boolean | null = null;
  const client = new SmeeClient({
    source,
    target,
    logger: { info: () => {}, error: (...words) => passing(name, target, words, log) },
  });
  client.onopen = () => {
    if (isOpen !== true) log.info(`forge ${name}: deliveries of ${source} are passed on to ${target}`);
    isOpen = true;
  };
  client.onerror = ({ message, code }) => {
    const why = message ?? "the connection ended";
    if (isOpen === null)
      log.error(
        `forge ${name}: reaching ${source}: ${why}; trying again, meanwhile check the address and the network`,
      );
    else if (isOpen) log.warn(`forge ${name}: listening to ${source}: ${why}; connecting again`);
    isOpen = false;
    // Only an answer that is no channel has a code, and ends the client's own attempts.
    if (code !== undefined) retry = setTimeout(start, retryMs);
  };
  // What it would throw was told to `onerror`.
  const start = () => void client.start().catch(() => {});
  start();
  return {
    close() {
      clearTimeout(retry);
      void client.stop();
    },
  };
}

/** The client's own word: an Error where our door could not be reached, and texts on what `onerror` is told too. */
function passing(name: string, target: string, [error]: readonly unknown[], log: Log): void {
  if (!(error instanceof Error)) return;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  log.warn(`forge ${name}: passing a delivery on to ${target}: ${messageOf(error)}${cause}`);
}
