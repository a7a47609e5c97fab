/**
 * `git.signing_key`: a private SSH key by its path, or an OpenPGP key by its fingerprint. An SSH key's text counts as a
 * secret like those of the environment, so that no log, comment or commit ever holds it.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../model/errors.ts";
import type { Config, SigningKey } from "./config.ts";
import type { Environment } from "./environment.ts";
import type { Problems } from "./problems.ts";

const FINGERPRINT = /^[0-9A-Fa-f]{40}$/;
const LARGEST_KEY = 64 * 1024;
const PLACE = ["git", "signing_key"];
const ALLOWED = "the path of a private SSH key, or an OpenPGP fingerprint of 40 digits";

export interface Signing {
  readonly key: SigningKey | null;
  readonly secrets: Config["secrets"];
}

const NONE: Signing = { key: null, secrets: {} };

/** `fromFile` makes a path that was written in agents.yaml absolute. */
export function readSigningKey(
  written: string | undefined,
  fromFile: (path: string) => string,
  environment: Environment,
  problems: Problems,
): Signing {
  if (written === undefined) return NONE;
  if (FINGERPRINT.test(written)) {
    const gnupgHome = environment.get("GNUPGHOME") ?? join(environment.get("HOME") ?? "/", ".gnupg");
    return { key: { format: "openpgp", fingerprint: written.toUpperCase(), gnupgHome }, secrets: {} };
  }
  const file = fromFile(written);
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > LARGEST_KEY) throw new Error("it is no key's file");
    const text = readFileSync(file, "utf8");
    if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(text)) throw new Error("it holds no private key");
    return { key: { format: "ssh", file }, secrets: { GIT_SIGNING_KEY: text } };
  } catch (error) {
    problems.value(PLACE, `${file} cannot be used: ${messageOf(error)}`, ALLOWED);
    return NONE;
  }
}
