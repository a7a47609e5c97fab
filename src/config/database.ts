/** Where the store is and what this process does with it: ROLE and DATABASE_URL, which only the environment sets. */
import type { Role } from "./config.ts";
import type { Environment } from "./environment.ts";
import type { Problems } from "./problems.ts";
import { unknownWord } from "./unknown-word.ts";

const ROLES: readonly Role[] = ["all", "web", "worker"];
const NAME = "DATABASE_URL";
const ALLOWED = "a URL such as postgres://user:password@host:5432/database";

export interface DatabaseSettings {
  readonly url: string | null;
  /** The URL and what in it is secret, by names for redaction. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Never repeats the value: it holds a password. */
export function readDatabase(environment: Environment, problems: Problems): DatabaseSettings {
  const url = environment.get(NAME) ?? null;
  if (url === null) return { url, secrets: {} };
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    problems.variable(NAME, "is no address of PostgreSQL", ALLOWED);
  } else if (isTorn(parsed)) {
    problems.variable(NAME, "is torn apart by a / ? # or @", "write these in a password as %2F %3F %23 %40");
  } else if (!isDecodable(parsed)) {
    problems.variable(NAME, "has a % that begins no escape; write % itself as %25", ALLOWED);
  }
  return { url, secrets: { [NAME]: url, ...(parsed ? passwordsOf(parsed) : {}) } };
}

/** `all` unless set. Processes that share the work need a store that they can share. */
export function readRole(environment: Environment, problems: Problems): Role {
  const given = environment.get("ROLE") ?? "all";
  const role = ROLES.find((one) => one === given);
  if (role === undefined) {
    problems.variable("ROLE", unknownWord(given, ROLES), ROLES.join(", "));
  } else if (role !== "all" && environment.get(NAME) === undefined) {
    problems.variable(
      "ROLE",
      `is ${role}, but without DATABASE_URL one process does everything`,
      "set DATABASE_URL, or ROLE=all",
    );
  }
  return role ?? "all";
}

/** A password may stand before the host or among the parameters, and be written with escapes or without. */
function passwordsOf(url: URL): Record<string, string> {
  const written = [url.password, decoded(url.password), url.searchParams.get("password") ?? ""];
  const passwords = [...new Set(written)].filter((password) => password !== "");
  return Object.fromEntries(passwords.map((password, at) => [`${NAME}_PASSWORD_${at + 1}`, password]));
}

/** Otherwise a piece of the password is taken for the database's name, which is no secret. */
function isTorn({ pathname, search, hash }: URL): boolean {
  return hash !== "" || pathname.includes("@") || search.includes("@");
}

function isDecodable({ username, password, pathname }: URL): boolean {
  return [username, password, pathname].every((part) => part === "" || decoded(part) !== "");
}

/** "" when it cannot be. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
