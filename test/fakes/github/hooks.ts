/**
 * Webhooks as GitHub sends them. The emulator tells what happened; here its payloads get what they lack, are signed,
 * sent to where the test wants them, and kept for redelivery under the same id.
 */
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorldDelivery } from "../forge-world.ts";
import { at, numberAt, textAt } from "./api.ts";

/** What the App of app.yml subscribes to; GitHub sends it nothing else. */
const EVENTS = ["issues", "issue_comment", "pull_request"];
/** GitHub gives a receiver ten seconds. */
const TIMEOUT_MS = 10_000;
/** The emulator is in this process: what it has not told by then, it will not tell. */
const SILENCE_MS = 40;

export interface HookOptions {
  /** True in App mode: payloads name the installation. */
  readonly isApp: boolean;
  /** A pull request with its true commits; null when the number is an issue's. */
  readonly pull: (repo: string, number: number) => Promise<unknown>;
  /** Is told of everything, whether or not it is sent. */
  readonly happened: (event: string, payload: object) => void;
}

/** An entry of the App's delivery log. */
export interface Attempt {
  /** As long as GitHub's: no JavaScript number is exact there. */
  readonly id: string;
  readonly delivery: WorldDelivery;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly redelivery: boolean;
}

const FIRST_ATTEMPT = 178_000_000_000_000_001n;

type Sent = { -readonly [K in keyof WorldDelivery]: WorldDelivery[K] };

export class Hooks {
  readonly sent: Sent[] = [];
  /** Every attempt, oldest first. */
  readonly log: Attempt[] = [];
  readonly #dropped = new Map<symbol, string>();
  readonly #options: HookOptions;
  #target: { readonly url: string; readonly secret: string } | null = null;
  #order: Promise<void> = Promise.resolve();
  readonly #closed = new AbortController();
  #arrived = Promise.withResolvers<void>();

  constructor(options: HookOptions) {
    this.#options = options;
  }

  get secret(): string {
    return this.#target?.secret ?? "";
  }

  set(url: string, secret: string): void {
    this.#target = { url, secret };
  }

  /** Takes a webhook of the emulator's; they go out in the order they came in, without waiting for answers. */
  relay(event: string, payload: unknown): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    const isSent = this.#target !== null;
    const isLost = this.#drops(payload);
    this.#order = this.#order.then(async () => {
      const whole = await this.#complete(event, payload);
      this.#options.happened(whole.event, whole.payload);
      if (!isSent || !EVENTS.includes(whole.event)) return;
      this.#send(randomUUID(), whole.event, JSON.stringify(whole.payload), { isLost });
    });
  }

  /** Resolves when all the emulator has told is told on. */
  async settled(): Promise<void> {
    await this.#order;
  }

  /** Until the end, nothing about the repository arrives; the log knows of it. Returns the end. */
  drop(repo: string): () => void {
    const mark = Symbol(repo);
    this.#dropped.set(mark, repo);
    return () => this.#dropped.delete(mark);
  }

  /** Resolves when the emulator tells the next thing, or soon when it has nothing to tell. */
  async next(): Promise<void> {
    const enough = new AbortController();
    const arrived = this.#arrived.promise.then(() => enough.abort());
    await Promise.race([arrived, sleep(SILENCE_MS, undefined, { signal: enough.signal }).catch(() => {})]);
  }

  /** Waits for no answer any more, but for what it still reads of the emulator. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#order;
  }

  redeliver(id: string): string {
    const before = this.sent.findLast((one) => one.id === id);
    if (!before) throw new Error(`no delivery ${id} was sent`);
    const isLost = this.#drops(JSON.parse(before.body));
    this.#send(id, before.event, before.body, { isLost, redelivery: true });
    return id;
  }

  #drops(payload: unknown): boolean {
    return [...this.#dropped.values()].includes(textAt(payload, "repository", "full_name"));
  }

  #send(id: string, event: string, body: string, { isLost = false, redelivery = false }): void {
    const { url, secret } = this.#target ?? { url: "", secret: "" };
    const headers = headersOf(id, event, body, secret);
    const payload: unknown = JSON.parse(body);
    const delivery: Sent = {
      id,
      event,
      action: textAt(payload, "action") || null,
      headers,
      body,
      status: null,
    };
    this.sent.push(delivery);
    const number = FIRST_ATTEMPT + BigInt(this.log.length);
    this.log.push({ id: String(number), delivery, at: Date.now(), redelivery });
    if (isLost) {
      delivery.status = 0;
      return;
    }
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closed.signal]);
    fetch(url, { method: "POST", headers, body, signal }).then(
      async (response) => {
        await response.arrayBuffer();
        delivery.status = response.status;
      },
      () => {
        delivery.status = 0;
      },
    );
  }

  async #complete(event: string, payload: unknown): Promise<{ event: string; payload: object }> {
    const { installation, ...rest } = { installation: undefined, ...(payload as object) };
    const whole = { ...rest, ...(this.#options.isApp && { installation }) };
    const repo = textAt(payload, "repository", "full_name");
    const number = numberAt(payload, event === "pull_request" ? "pull_request" : "issue", "number");
    const pull = Number.isNaN(number) ? null : await this.#options.pull(repo, number);
    if (pull === null || pull === undefined) return { event, payload: whole };
    if (event === "issue_comment") {
      const html = { html_url: at(pull, "html_url") };
      const issue = {
        ...(at(payload, "issue") as object),
        ...html,
        pull_request: { url: at(pull, "url"), ...html },
      };
      return { event, payload: { ...whole, issue } };
    }
    // The emulator sends pull requests' labels as an issue's event; GitHub as the pull request's own.
    const { issue: _issue, ...others } = { issue: undefined, ...whole };
    return { event: "pull_request", payload: { ...others, number, pull_request: pull } };
  }
}

function headersOf(
  id: string,
  event: string,
  body: string,
  secret: string,
): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/fake",
    "x-github-event": event,
    "x-github-delivery": id,
    "x-github-hook-id": "1",
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
}
