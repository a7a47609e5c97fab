/**
 * A forge in memory, for unit tests. Everything done to it is readable afterwards; failures are scripted per method:
 * `forge.fail("comment", error, error)` makes its next two calls throw, `forge.failAfter` throws once it was done.
 * Webhooks are signed as GitHub's are. It keeps no git.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type {
  Access,
  Booked,
  Comment,
  Forge,
  ForgeProbe,
  Lookback,
  Missed,
  NewPull,
  PullRequest,
  Repository,
  Review,
  Rights,
  StillOurs,
  TimeEntry,
} from "../../src/forges/forge.ts";
import type { Reaction } from "../../src/model/effect.ts";
import { ForgeError } from "../../src/model/errors.ts";
import type { Delivery, Event } from "../../src/model/event.ts";
import { type Actor, type RepoRef, repoName } from "../../src/model/run.ts";

type Method = Exclude<keyof Forge, "name" | "kind">;

/** Nobody else is at it. */
export const ours: StillOurs = () => {};

export interface FakeComment extends Comment {
  readonly repo: string;
  readonly issue: number;
}

export class FakeForge implements Forge {
  readonly name: string;
  readonly kind: "github" | "forgejo";
  readonly bot: Actor = { id: 1, login: "dispatch-bot" };
  readonly secret = "a secret of sixteen or more";
  readonly calls: Method[] = [];
  readonly said: FakeComment[] = [];
  readonly reactions: { readonly commentId: string | null; readonly reaction: Reaction }[] = [];
  readonly reviewed: (Review & { readonly pull: number })[] = [];
  readonly removed: string[] = [];
  readonly pulls: PullRequest[] = [];
  readonly times: TimeEntry[] = [];
  readonly stopwatches: number[] = [];
  readonly levels = new Map<number, Access>();
  readonly teams = new Map<string, readonly number[]>();
  readonly files = new Map<string, string>();
  /** Who put which label on, and when, oldest first; a label that is not here is one of which nobody can tell. */
  readonly labelings: { readonly label: string; readonly by: Event["by"]; readonly at: number }[] = [];
  readonly #failures = new Map<Method, { error: Error; after: boolean }[]>();
  #events: readonly Event[] = [];
  #undelivered: readonly Delivery[] = [];
  #id = 100;

  constructor(name = "forge", kind: "github" | "forgejo" = "forgejo") {
    this.name = name;
    this.kind = kind;
  }

  /** The next calls of the method throw these, one each, and do nothing. */
  fail(method: Method, ...errors: readonly Error[]): void {
    this.#script(method, errors, false);
  }

  /** The next calls do their work and then throw, as when the answer is lost on the way. */
  failAfter(method: Method, ...errors: readonly Error[]): void {
    this.#script(method, errors, true);
  }

  willParse(...events: readonly Event[]): void {
    this.#events = events;
  }

  /** What the next look back finds, once. */
  willMiss(...deliveries: readonly Delivery[]): void {
    this.#undelivered = [...this.#undelivered, ...deliveries];
  }

  addComment(repo: RepoRef, issue: number, author: Actor, body: string): string {
    this.#id += 1;
    const id = String(this.#id);
    const at = this.#id * 1000;
    const place = {
      repo: repoName(repo),
      issue,
      url: `https://forge.test/${repoName(repo)}/issues/${issue}#${id}`,
    };
    this.said.push({ ...place, id, author, body, createdAt: at, updatedAt: at });
    return id;
  }

  /** As a person does in the web page. */
  deleteComment(id: string): void {
    const at = this.said.findIndex((comment) => comment.id === id);
    this.said.splice(at, 1);
  }

  identify(headers: IncomingHttpHeaders): { id: string; event: string } | null {
    const [id, event] = [headers["x-github-delivery"], headers["x-github-event"]];
    return typeof id === "string" && typeof event === "string" ? { id, event } : null;
  }

  async verify(headers: IncomingHttpHeaders, body: Buffer): Promise<boolean> {
    const given = Buffer.from(String(headers["x-hub-signature-256"] ?? ""));
    const right = Buffer.from(this.sign(body));
    return given.length === right.length && timingSafeEqual(given, right);
  }

  sign(body: Buffer | string): string {
    return `sha256=${createHmac("sha256", this.secret).update(body).digest("hex")}`;
  }

  parse(_delivery: Delivery): readonly Event[] {
    return this.#events;
  }

  async labeledBy(
    _repo: RepoRef,
    _issue: number,
    label: string,
    { since, until }: { readonly since: number; readonly until: number },
  ): Promise<{ by: Event["by"]; at: number } | null> {
    const fits = (one: { label: string; at: number }) =>
      one.label === label && one.at >= since && one.at <= until;
    return await this.#do("labeledBy", () => this.labelings.findLast(fits) ?? null);
  }

  /** As the contract has it, the first look finds nothing. */
  async missed(look: Lookback): Promise<Missed> {
    return await this.#do("missed", () => {
      const deliveries = look.cursor === null ? [] : this.#undelivered;
      this.#undelivered = [];
      return { deliveries, cursor: String(look.now) };
    });
  }

  async probe(): Promise<ForgeProbe> {
    return await this.#do("probe", () => ({
      ready: true,
      summary: `${this.name} as dispatch-bot`,
      fix: null,
    }));
  }

  async rights(): Promise<Rights> {
    return await this.#do("rights", () => ({ lacking: [], unknown: null }));
  }

  async self(): Promise<Actor> {
    return await this.#do("self", () => this.bot);
  }

  async access(_repo: RepoRef, actor: Actor): Promise<Access> {
    const none: Access = { level: "none", bot: false, why: "not a collaborator" };
    return await this.#do("access", () => this.levels.get(actor.id) ?? none);
  }

  async isTeamMember(org: string, team: string, actor: Actor): Promise<boolean> {
    return await this.#do(
      "isTeamMember",
      () => this.teams.get(`${org}/${team}`)?.includes(actor.id) ?? false,
    );
  }

  async repository(repo: RepoRef): Promise<Repository> {
    const url = `https://forge.test/${repoName(repo)}`;
    return await this.#do("repository", () => ({
      defaultBranch: "main",
      private: false,
      timeTracking: true,
      url,
    }));
  }

  async file(_repo: RepoRef, path: string): Promise<string | null> {
    return await this.#do("file", () => this.files.get(path) ?? null);
  }

  async comments(repo: RepoRef, issue: number): Promise<readonly Comment[]> {
    return await this.#do("comments", () =>
      this.said.filter((comment) => comment.repo === repoName(repo) && comment.issue === issue),
    );
  }

  async pull(_repo: RepoRef, number: number): Promise<PullRequest> {
    return await this.#do("pull", () => found(this.pulls.find((pull) => pull.number === number)));
  }

  async comment(repo: RepoRef, issue: number, body: string, stillOurs: StillOurs): Promise<string> {
    stillOurs();
    return await this.#do("comment", () => this.addComment(repo, issue, this.bot, body));
  }

  async editComment(_repo: RepoRef, commentId: string, body: string, stillOurs: StillOurs): Promise<void> {
    stillOurs();
    await this.#do("editComment", () => {
      const at = this.said.findIndex((comment) => comment.id === commentId);
      this.said[at] = { ...found(this.said[at]), body };
    });
  }

  async react(_repo: RepoRef, _issue: number, commentId: string | null, reaction: Reaction): Promise<void> {
    await this.#do("react", () => {
      const known = this.reactions.some((one) => one.commentId === commentId && one.reaction === reaction);
      if (!known) this.reactions.push({ commentId, reaction });
    });
  }

  async removeLabel(_repo: RepoRef, _issue: number, label: string, stillOurs: StillOurs): Promise<void> {
    stillOurs();
    await this.#do("removeLabel", () => this.removed.push(label));
  }

  async review(_repo: RepoRef, pull: number, body: string, stillOurs: StillOurs): Promise<string> {
    stillOurs();
    return await this.#do("review", () => {
      this.#id += 1;
      this.reviewed.push({ id: String(this.#id), author: this.bot, pull, body });
      return String(this.#id);
    });
  }

  async reviews(_repo: RepoRef, pull: number): Promise<readonly Review[]> {
    return await this.#do("reviews", () => this.reviewed.filter((review) => review.pull === pull));
  }

  async openPull(repo: RepoRef, pull: NewPull): Promise<{ number: number; url: string; opened: boolean }> {
    return await this.#do("openPull", () => {
      const same = (one: PullRequest) =>
        one.open && one.headBranch === pull.head && one.baseBranch === pull.base;
      const known = this.pulls.find(same);
      if (known) return { number: known.number, url: known.url, opened: false };
      const number = this.pulls.length + 1;
      const url = `https://forge.test/${repoName(repo)}/pulls/${number}`;
      const head = { headBranch: pull.head, headSha: "0".repeat(40), headRepo: repo, baseBranch: pull.base };
      this.pulls.push({ number, url, title: pull.title, open: true, ...head });
      return { number, url, opened: true };
    });
  }

  async gitCredential(repo: RepoRef): Promise<{ url: string; username: string; password: string }> {
    const url = `https://forge.test/${repoName(repo)}.git`;
    return await this.#do("gitCredential", () => ({ url, username: "dispatch-bot", password: "password" }));
  }

  async startStopwatch(_repo: RepoRef, issue: number, stillOurs: StillOurs): Promise<void> {
    stillOurs();
    await this.#do("startStopwatch", () => this.stopwatches.push(issue));
  }

  async bookTime(_repo: RepoRef, _issue: number, entry: TimeEntry, stillOurs: StillOurs): Promise<Booked> {
    stillOurs();
    return await this.#do("bookTime", () => {
      if (!this.times.some((known) => known.key === entry.key)) this.times.push(entry);
      return "booked";
    });
  }

  async #do<T>(method: Method, act: () => T): Promise<T> {
    this.calls.push(method);
    const failure = this.#failures.get(method)?.shift();
    if (failure && !failure.after) throw failure.error;
    const result = act();
    if (failure) throw failure.error;
    return result;
  }

  #script(method: Method, errors: readonly Error[], after: boolean): void {
    const scripted = this.#failures.get(method) ?? [];
    this.#failures.set(method, [...scripted, ...errors.map((error) => ({ error, after }))]);
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new ForgeError("reading from the forge: there is no such thing", 404, false);
  return value;
}
