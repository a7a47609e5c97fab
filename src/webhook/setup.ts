/**
 * Probot's set-up page: makes a GitHub App from app.yml in the browser and hands its credentials on. It listens on
 * localhost alone and ends when the App is made. Two things of Probot's page are mended here: it would take the
 * server's root for the webhook's address, and what its import form sends is not
 * taken: any web page in the admin's browser could post there.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
import type { Logger } from "pino";
import { run } from "probot";
import { SmeeClient } from "smee-client";
import { messageOf, Refusal } from "../model/errors.ts";

export interface SetupOptions {
  readonly port: number;
  /** Where GitHub is to send webhooks; null makes a smee.io channel. */
  readonly target: string | null;
  /** Sets a variable of this process: Probot takes the webhook's address from nowhere else. */
  readonly setEnvironment: (name: string, value: string) => void;
  readonly log: Logger;
  /** Takes the new App's credentials, by the names of `.env.example`. */
  readonly keep: (credentials: Readonly<Record<string, string>>) => void;
  readonly say: (line: string) => void;
}

/**
 * Reads `app.yml` of the working folder. Resolves when the App is made. Rejects with a Refusal when GitHub would have
 * nowhere to send webhooks to.
 */
export async function serveSetup({
  port,
  target,
  setEnvironment,
  log,
  keep,
  say,
}: SetupOptions): Promise<void> {
  setEnvironment("WEBHOOK_PROXY_URL", target ?? (await makeChannel(keep)));
  const { promise: made, resolve } = Promise.withResolvers<void>();
  const take = (given: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
    const credentials = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? ""]));
    // Only GitHub's own answer has a client id; the channel's address comes alone.
    const whole = "APP_ID" in credentials;
    if (whole && !("GITHUB_CLIENT_ID" in credentials))
      throw new Error("set-up takes credentials from GitHub alone");
    keep(credentials);
    if (whole) resolve();
    return given;
  };
  const server = await run(() => {}, {
    log,
    env: { HOST: "127.0.0.1", PORT: String(port) },
    updateEnv: take,
  });
  say(`Open http://localhost:${port}/probot in a browser on this machine, and follow GitHub's steps.`);
  await made;
  await server.stop();
}

/** Kept, so that the server listens to it from then on. */
async function makeChannel(keep: SetupOptions["keep"]): Promise<string> {
  try {
    const channel = await SmeeClient.createChannel();
    keep({ WEBHOOK_PROXY_URL: channel });
    return channel;
  } catch (error) {
    throw new Refusal(
      `making a smee.io channel for webhooks: ${messageOf(error)}`,
      "Give --url with the address GitHub reaches this server at, or try again when smee.io can be reached.",
    );
  }
}
