/** What the database or the way to it said no with: in words, without a secret, and with its code. */
import { messageOf, Refusal, StoreTrouble } from "../../model/errors.ts";
import type { Address } from "./address.ts";

/** Two transactions got in each other's way; done again, this one may succeed. */
const AGAIN = new Set(["40001", "40P01"]);

export class DatabaseFault extends StoreTrouble {
  override readonly name: string = "DatabaseFault";
  /** SQLSTATE or the system's code; null when there is none. */
  readonly code: string | null;
  /** The constraint that was hurt. */
  readonly constraint: string | null;
  /** True when the database answered: the connection is of further use. */
  readonly answered: boolean;
  constructor(address: Address, error: unknown) {
    super(`asking the database ${address.label}: ${wordsOf(error)}`, !aboutTheStatement(error));
    this.code = textOf(error, "code");
    this.constraint = textOf(error, "constraint");
    this.answered = textOf(error, "severity") === "ERROR";
  }

  get again(): boolean {
    return this.code !== null && AGAIN.has(this.code);
  }
}

/** SQLSTATE classes of connections, resources, operators and the system; every other answer is about what was asked. */
function aboutTheStatement(error: unknown): boolean {
  const code = textOf(error, "code") ?? "";
  return textOf(error, "severity") !== null && !/^(08|53|55|57|58)/.test(code) && !AGAIN.has(code);
}

function textOf(error: unknown, field: string): string | null {
  if (!(error instanceof Error) || !(field in error)) return null;
  const value: unknown = Object.entries(error).find(([name]) => name === field)?.[1];
  return typeof value === "string" ? value : null;
}

/** A host with several addresses fails with one error for each, and no words of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return messageOf(error) || textOf(error, "code") || "no answer";
}

const FIXES: Readonly<Record<string, string>> = {
  "28P01": "Write the right user and password into DATABASE_URL.",
  "28000": "Allow this user and host in the server's pg_hba.conf, or write another user into DATABASE_URL.",
  "3D000": "Create the database, or write another name into DATABASE_URL.",
  "42501": "Give the user the right to create schemas in this database (grant create on database … to …).",
  "25006": "Write the address of the primary server into DATABASE_URL: this one only answers questions.",
  "53300": "Raise the server's max_connections, or run fewer processes.",
};

/** Why the store cannot be opened, for a person. */
export function refusalToOpen(address: Address, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const fault = error instanceof DatabaseFault ? error : new DatabaseFault(address, error);
  const why = fault.message.replace(`asking the database ${address.label}: `, "");
  const unreachable = "Start PostgreSQL there and let this host reach it, or correct DATABASE_URL.";
  return new Refusal(
    `opening the store in the database ${address.label}: ${why}`,
    FIXES[fault.code ?? ""] ?? unreachable,
  );
}
