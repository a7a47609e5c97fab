/**
 * Requests to one Forgejo instance. No retry and no throttling: Octokit's plugins for those repeat a stopwatch's 409
 * for 14 seconds, and who calls us decides what is tried again. Replies are typed with every field optional, as the
 * instance may be of any version; whoever needs a field asks for it with `need`.
 */
import { Octokit } from "@octokit/rest";
import type { ForgejoForgeConfig } from "../../config/config.ts";
import { ForgeError } from "../../model/errors.ts";
import type { RepoRef } from "../../model/run.ts";
import type { StillOurs } from "../forge.ts";
import { fetchWhile } from "../while-ours.ts";
import { forgeError, statusOf } from "./errors.ts";

export interface ForgejoOptions {
  readonly config: ForgejoForgeConfig;
  now(): number;
  /** For each request; 20 seconds when left out. */
  readonly timeoutMs?: number;
}

export interface Reply<T> {
  readonly status: number;
  readonly data: T;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Parameters = Readonly<Record<string, unknown>>;

export interface Manner {
  /** Breaks the request off. */
  readonly signal?: AbortSignal;
  /** Keeps the request from being sent when it throws. */
  readonly stillOurs?: StillOurs;
}

export interface Api {
  readonly config: ForgejoForgeConfig;
  /** "codeberg.org" */
  readonly host: string;
  /** `action` is what an error says was being done. Throws ForgeError. */
  call<T>(action: string, route: string, parameters?: Parameters, manner?: Manner): Promise<Reply<T>>;
  /** As `call`, but null for these statuses. */
  callUnless<T>(
    statuses: readonly number[],
    action: string,
    route: string,
    parameters?: Parameters,
    manner?: Manner,
  ): Promise<Reply<T> | null>;
  /** Every page of a list: Forgejo sends no Link header, only X-Total-Count. */
  all<T>(action: string, route: string, parameters?: Parameters): Promise<readonly T[]>;
}

const TIMEOUT_MS = 20_000;
/** The most that a page may hold. */
export const PAGE = 50;

export function forgejoApi({ config, now, timeoutMs = TIMEOUT_MS }: ForgejoOptions): Api {
  const host = new URL(config.url).host;
  const octokit = new Octokit({
    baseUrl: `${config.url}/api/v1`,
    userAgent: "agent-dispatch",
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const authorization = `token ${config.token}`;

  async function call<T>(
    action: string,
    route: string,
    parameters: Parameters = {},
    { signal, stillOurs }: Manner = {},
  ): Promise<Reply<T>> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const { status, data, headers } = await octokit.request(route, {
        ...parameters,
        headers: { authorization },
        request: {
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
          ...(stillOurs && { fetch: fetchWhile(stillOurs) }),
        },
      });
      return { status, data: data as T, headers };
    } catch (error) {
      throw forgeError(error, { action, host, token: config.token, now });
    }
  }

  return {
    config,
    host,
    call,
    async callUnless<T>(
      statuses: readonly number[],
      action: string,
      route: string,
      parameters: Parameters = {},
      manner: Manner = {},
    ): Promise<Reply<T> | null> {
      try {
        return await call<T>(action, route, parameters, manner);
      } catch (error) {
        if (statuses.includes(statusOf(error))) return null;
        throw error;
      }
    },
    async all<T>(action: string, route: string, parameters: Parameters = {}): Promise<readonly T[]> {
      const items: T[] = [];
      for (let page = 1; ; page++) {
        const { data, headers } = await call<T[]>(action, route, { ...parameters, page, limit: PAGE });
        items.push(...data);
        const total = Number(headers["x-total-count"] ?? Number.NaN);
        // Without a total, a page that is not full is the last one.
        const isLast = Number.isNaN(total) ? data.length < PAGE : items.length >= total;
        if (data.length === 0 || isLast) return items;
      }
    },
  };
}

/** A field without which a reply is of no use. */
export function need<T>(value: T | null | undefined, what: string, action: string): T {
  if (value !== null && value !== undefined) return value;
  throw new ForgeError(
    `${action}: the forge's reply has no ${what}; is the URL that of a Forgejo?`,
    200,
    false,
  );
}

/** The parameters every route of an issue or pull request has. */
export function at(repo: RepoRef, index?: number): { owner: string; repo: string; index?: number } {
  return { owner: repo.owner, repo: repo.name, ...(index === undefined ? {} : { index }) };
}

export function named(repo: RepoRef, index: number): string {
  return `${repo.owner}/${repo.name}#${index}`;
}

/** For routes whose last part takes slashes. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
