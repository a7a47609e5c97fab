/**
 * The accounts of the fake. The emulator knows only accounts it was seeded with, so it is seeded with nameless places
 * and this directory says who sits in which: names can be given, and change hands, at any time. It also knows every
 * token, because the emulator takes unknown ones for its first user, and who may do what in which repository.
 */
import type { Level } from "../forge-world.ts";

export interface Account {
  /** The account's name inside the emulator. */
  readonly place: string;
  readonly id: number;
  login: string;
  readonly bot: boolean;
  readonly token: string;
}

/** What an installation token opens. */
export interface Installed {
  readonly owner: string;
  /** Null for all of the owner's. */
  readonly repositories: readonly string[] | null;
}

const PLACES = 60;
const PLACE = /place-\d{3}/g;

export const places: readonly string[] = Array.from(
  { length: PLACES },
  (_, index) => `place-${String(index + 1).padStart(3, "0")}`,
);

export function placeToken(place: string): string {
  return `ghp_${place.replace("-", "")}${"0".repeat(24)}`;
}

export class Directory {
  readonly accounts: Account[] = [];
  readonly installed = new Map<string, Installed>();
  /** `org/team` in lower case → logins. */
  readonly teams = new Map<string, readonly string[]>();
  readonly #levels = new Map<string, Level>();
  /** As they were first written. */
  readonly #repositories = new Set<string>();

  byLogin(login: string): Account | undefined {
    return this.accounts.find((one) => one.login.toLowerCase() === login.toLowerCase());
  }

  byId(id: number): Account | undefined {
    return this.accounts.find((one) => one.id === id);
  }

  byToken(token: string): Account | undefined {
    return token === "" ? undefined : this.accounts.find((one) => one.token === token);
  }

  knows(token: string): boolean {
    return this.installed.has(token) || this.byToken(token) !== undefined;
  }

  /** Whether an installation token opens this repository. */
  opens(token: string, owner: string, name: string): boolean {
    const installed = this.installed.get(token);
    if (installed === undefined || installed.owner !== this.byLogin(owner)?.place) return false;
    return installed.repositories?.includes(name) ?? true;
  }

  /** The next place nobody sits in. */
  freePlace(): string {
    const free = places.find((place) => !this.accounts.some((one) => one.place === place));
    if (!free) throw new Error(`the fake has no more than ${PLACES} accounts: raise PLACES`);
    return free;
  }

  grant(repo: string, login: string, level: Level): void {
    this.#repositories.add(repo);
    this.#levels.set(`${repo} ${login}`.toLowerCase(), level);
  }

  /** The repositories where an account was given something. */
  grantedTo(login: string): readonly { readonly repo: string; readonly level: Level }[] {
    return [...this.#repositories].sort().flatMap((repo) => {
      const level = this.level(repo, login);
      return level === null ? [] : [{ repo, level }];
    });
  }

  level(repo: string, login: string): Level | null {
    if (repo.split("/")[0]?.toLowerCase() === login.toLowerCase()) return "admin";
    return this.#levels.get(`${repo} ${login}`.toLowerCase()) ?? null;
  }

  /** From our names to the emulator's; a whole word only. */
  toPlace(word: string): string {
    return this.byLogin(word)?.place ?? word;
  }

  /** From the emulator's JSON to ours: names put in, and what is a bot called one. */
  toLogins(value: unknown): unknown {
    if (typeof value === "string") return this.textToLogins(value);
    if (Array.isArray(value)) return value.map((one) => this.toLogins(one));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, this.toLogins(inner)] as const);
    const object: Record<string, unknown> = Object.fromEntries(entries);
    if (isUntouched(object)) object.updated_at = object.created_at;
    const account = typeof object.login === "string" ? this.byLogin(object.login) : undefined;
    return account?.bot && "type" in object ? { ...object, type: "Bot" } : object;
  }

  textToLogins(text: string): string {
    return text.replace(PLACE, (place) => this.accounts.find((one) => one.place === place)?.login ?? place);
  }
}

/** The emulator makes a thing and then changes it, so that a new one looks edited a millisecond later. */
function isUntouched({ created_at: created, updated_at: updated }: Record<string, unknown>): boolean {
  return Date.parse(String(updated)) - Date.parse(String(created)) < 20;
}
