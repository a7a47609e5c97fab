/** Reads a forge's credentials from the variables that hold them, and refuses unsafe ones. Never prints a value. */
import { createPrivateKey } from "node:crypto";
import { resolve } from "node:path";
import { messageOf } from "../model/errors.ts";
import type { Path } from "./document.ts";
import { type Environment, readIfThere } from "./environment.ts";
import type { Problems } from "./problems.ts";
import type { ForgeSettings } from "./schema.ts";

/** Keys of a forge that name a variable. */
export type CredentialKey = "webhook_secret_env" | "token_env" | "app_id_env" | "private_key_env";

const SHORTEST_SECRET = 16;
const NEW_SECRET = "make one with: openssl rand -hex 32";

export class CredentialReader {
  readonly #settings: ForgeSettings;
  /** Null for a forge made from the environment alone. */
  readonly #path: Path | null;
  readonly #environment: Environment;
  readonly #cwd: string;
  readonly #problems: Problems;
  /** Variable → value of everything read that is secret. */
  readonly read: Record<string, string> = {};

  constructor(
    settings: ForgeSettings,
    path: Path | null,
    environment: Environment,
    cwd: string,
    problems: Problems,
  ) {
    this.#settings = settings;
    this.#path = path;
    this.#environment = environment;
    this.#cwd = cwd;
    this.#problems = problems;
  }

  webhookSecret(): string {
    const secret = this.#secret("webhook_secret_env") ?? "";
    if (secret === "development") {
      this.#refuse(
        "webhook_secret_env",
        `is Probot's public default, which anyone can sign with; ${NEW_SECRET}`,
      );
    } else if (secret !== "" && secret.length < SHORTEST_SECRET) {
      this.#refuse("webhook_secret_env", `is shorter than ${SHORTEST_SECRET} characters; ${NEW_SECRET}`);
    }
    return secret;
  }

  token(): string {
    return this.#secret("token_env")?.trim() ?? "";
  }

  appId(): number {
    const text = this.#value("app_id_env");
    if (text === undefined) return 0;
    if (!/^[1-9]\d{0,14}$/.test(text))
      this.#refuse("app_id_env", "is no App id", "the number on the App's page");
    return Number(text);
  }

  /** PEM, from the variable itself, from base64, or from the file a `…_PATH` variable names. */
  privateKey(): string {
    const name = this.#settings.private_key_env ?? "PRIVATE_KEY";
    const given = name.endsWith("_PATH") ? this.#file() : this.#secret("private_key_env");
    if (given === undefined) return "";
    this.read[name] = given;
    const pem = given.includes("-----BEGIN")
      ? given.replaceAll("\\n", "\n")
      : Buffer.from(given, "base64").toString("utf8");
    try {
      createPrivateKey(pem);
    } catch {
      this.#refuse("private_key_env", "holds no private key", "a PEM file's text, or that text in base64");
    }
    return pem;
  }

  #file(): string | undefined {
    const path = this.#value("private_key_env");
    if (path === undefined) return undefined;
    try {
      const text = readIfThere(resolve(this.#cwd, path));
      if (text !== null) return text;
      this.#refuse("private_key_env", `names ${path}, which does not exist`, "the path of the .pem file");
    } catch (error) {
      this.#refuse("private_key_env", `names ${path}, which cannot be read: ${messageOf(error)}`);
    }
    return undefined;
  }

  #secret(key: CredentialKey): string | undefined {
    const value = this.#value(key);
    if (value !== undefined) this.read[this.#settings[key] ?? ""] = value;
    return value;
  }

  #value(key: CredentialKey): string | undefined {
    const name = this.#settings[key];
    if (name === undefined) return undefined;
    const value = this.#environment.get(name);
    if (value === undefined) this.#refuse(key, "is not set", "a variable of .env or of the environment");
    return value;
  }

  #refuse(key: CredentialKey, message: string, allowed: string | null = null): void {
    const name = this.#settings[key] ?? key;
    if (this.#path === null) this.#problems.variable(name, message, allowed);
    else this.#problems.value([...this.#path, key], `${name} ${message}`, allowed);
  }
}
