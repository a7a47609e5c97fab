/**
 * What the bot may do can be taken from it: its token revoked, the App's key too, the App suspended or uninstalled. The
 * answers are GitHub's. An App that is installed again is another installation: tokens of the one before stay void.
 */
import { type ApiReply, type ApiRequest, listOf, numberAt, refusal, reply } from "./api.ts";
import { type Directory, places } from "./directory.ts";

/** How far apart the ids of one account's installations are. */
const STEP = 1000;
const FIRST = 5001;
const TOKENS = /^(\/app\/installations\/)(\d+)(\/access_tokens)$/;
const INSTALLATION = /^\/(?:repos|orgs|users)\/([^/]+)(?:\/[^/]+)?\/installation$/;

type State = "installed" | "suspended" | "uninstalled";

export class Authority {
  readonly #directory: Directory;
  readonly #void = new Set<string>();
  /** By the emulator's place; installed when not named. */
  readonly #states = new Map<string, State>();
  /** By place: how often it was installed anew. */
  readonly #again = new Map<string, number>();
  #isKeyRevoked = false;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  revokeToken(token: string): void {
    this.#void.add(token);
  }

  revokeKey(): void {
    this.#isKeyRevoked = true;
  }

  /** Of one owner, or of all when null. Tokens are void for good once it was uninstalled. */
  set(owner: string | null, state: State): void {
    const found = owner === null ? places : [this.#directory.byLogin(owner)?.place ?? ""];
    for (const place of found) {
      if (this.#states.get(place) === "uninstalled" && state === "installed") {
        this.#again.set(place, (this.#again.get(place) ?? 0) + 1);
      }
      this.#states.set(place, state);
      if (state !== "uninstalled") continue;
      for (const [token, { owner: of }] of this.#directory.installed) if (of === place) this.#void.add(token);
    }
  }

  /** GitHub's no, or null. */
  refuses({ token, path }: ApiRequest): ApiReply | null {
    if (this.#void.has(token)) return refusal(401, "Bad credentials");
    if (token.startsWith("eyJ")) {
      if (this.#isKeyRevoked) return refusal(401, "A JSON web token could not be decoded");
      return this.#refusesApp(path);
    }
    const state = this.#states.get(this.#directory.installed.get(token)?.owner ?? "");
    return state === "suspended" ? refusal(403, "This installation has been suspended") : null;
  }

  /** With the installation's id as the emulator knows it. */
  inward(request: ApiRequest): ApiRequest {
    const [, before, id, after] = TOKENS.exec(request.path) ?? [];
    return id ? { ...request, path: `${before}${FIRST + indexOf(Number(id))}${after}` } : request;
  }

  outward(request: ApiRequest, answer: ApiReply): ApiReply {
    if (answer.status !== 200) return answer;
    if (INSTALLATION.test(request.path)) return reply(200, this.#installation(answer.body), answer.headers);
    if (request.path === "/app/installations") {
      const left = listOf(answer.body).filter((one) => this.#stateOf(one) !== "uninstalled");
      return reply(
        200,
        left.map((one) => this.#installation(one)),
        answer.headers,
      );
    }
    if (request.path !== "/app") return answer;
    const left = places.filter((place) => this.#states.get(place) !== "uninstalled");
    return reply(200, { ...(answer.body as object), installations_count: left.length }, answer.headers);
  }

  #refusesApp(path: string): ApiReply | null {
    const [, owner] = INSTALLATION.exec(path) ?? [];
    if (owner) {
      const state = this.#states.get(this.#directory.toPlace(owner));
      return state === "uninstalled" ? refusal(404, "Not Found") : null;
    }
    const [, , id] = TOKENS.exec(path) ?? [];
    if (!id) return null;
    const place = places[indexOf(Number(id))] ?? "";
    const isCurrent = Number(id) === FIRST + indexOf(Number(id)) + STEP * (this.#again.get(place) ?? 0);
    if (!isCurrent || this.#states.get(place) === "uninstalled") return refusal(404, "Not Found");
    const isSuspended = this.#states.get(place) === "suspended";
    return isSuspended ? refusal(403, "This installation has been suspended") : null;
  }

  #installation(json: unknown): object {
    const place = places[numberAt(json, "id") - FIRST] ?? "";
    const id = numberAt(json, "id") + STEP * (this.#again.get(place) ?? 0);
    const isSuspended = this.#stateOf(json) === "suspended";
    return { ...(json as object), id, suspended_at: isSuspended ? "2026-01-01T00:00:00Z" : null };
  }

  #stateOf(json: unknown): State {
    return this.#states.get(places[numberAt(json, "id") - FIRST] ?? "") ?? "installed";
  }
}

function indexOf(id: number): number {
  return (id - FIRST) % STEP;
}
