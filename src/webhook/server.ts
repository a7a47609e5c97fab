/**
 * Probot's server with our routes on it, and Probot itself for authentication as a GitHub App. Probot's own webhook
 * route would take bodies of any size and tell a caller what was wrong with its signature (ADR 2), so it is moved to
 * a path and a secret that nobody knows.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { type ApplicationFunction, Probot, type ProbotOctokit, Server } from "probot";
import type { GithubForgeConfig } from "../config/config.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly log: Logger;
  /** Whose App the server's Probot is; null when no GitHub is configured. */
  readonly github: GithubForgeConfig | null;
  /** One that neither throttles nor tries again: the outbox does, with what was tried on disk. */
  readonly Octokit: typeof ProbotOctokit;
}

/** A Probot for one GitHub: gives Octokits for the App, its installations, or the token. */
export function createProbot(config: GithubForgeConfig, Octokit: typeof ProbotOctokit, log: Logger): Probot {
  return new Probot({ ...credentials(config), Octokit, log, secret: randomUUID() });
}

/** Listens only after `start`. */
export async function createServer(
  options: ServerOptions,
  application: ApplicationFunction,
): Promise<Server> {
  const { host, github, Octokit } = options;
  // Its log of each request has every header, signatures and authorizations too; the door logs what matters.
  const log = options.log.child({}, { level: "error", redact: ["req.headers", "*.headers"] });
  const server = new Server({
    host,
    // Probot takes the number 0 for "not given".
    port: String(options.port) as unknown as number,
    log,
    webhookPath: `/${randomUUID()}`,
    enablePing: false,
    enableStaticFiles: false,
    Probot: Probot.defaults({
      // Probot insists on a login; without GitHub it is never used.
      ...(github ? credentials(github) : { githubToken: "none" }),
      Octokit,
      log,
      secret: randomUUID(),
    }),
  });
  await server.load(application);
  return server;
}

function credentials({ auth, baseUrl }: GithubForgeConfig) {
  const login =
    auth.as === "app" ? { appId: auth.appId, privateKey: auth.privateKey } : { githubToken: auth.token };
  return baseUrl === null ? login : { ...login, baseUrl };
}
