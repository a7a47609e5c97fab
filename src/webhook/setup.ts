/**
 * Probot's set-up page: makes a GitHub App from app.yml in the browser and hands its credentials on. It listens on
 * localhost alone and ends when the App is made. Two things of Probot's page are mended here: it would take the
 * server's root for the webhook's address (the caller sets WEBHOOK_PROXY_URL), and what its import form sends is not
 * taken: any web page in the admin's browser could post there.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
import type { Logger } from "pino";
import { run } from "probot";

export interface SetupOptions {
  readonly port: number;
  readonly log: Logger;
  /** Takes the new App's credentials, by the names of `.env.example`. */
  readonly keep: (credentials: Readonly<Record<string, string>>) => void;
  readonly say: (line: string) => void;
}

/**
 * Reads `app.yml` of the working folder, and the webhook's address from WEBHOOK_PROXY_URL of the environment (Probot
 * knows no other way); without it a smee.io channel is made. Resolves when the App is made.
 */
export async function serveSetup({ port, log, keep, say }: SetupOptions): Promise<void> {
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
