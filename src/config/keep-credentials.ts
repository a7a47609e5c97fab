/** Writes credentials into a `.env`, keeping its other lines as they are. */
import { chmodSync, writeFileSync } from "node:fs";
import { readIfThere } from "./environment.ts";

/** Names of variables and their values; a value may be quoted already. Readable by the owner alone. */
export function keepCredentials(file: string, credentials: Readonly<Record<string, string>>): void {
  const kept = (readIfThere(file) ?? "")
    .split("\n")
    .filter((line) => !Object.keys(credentials).some((name) => line.startsWith(`${name}=`)));
  const added = Object.entries(credentials).map(([name, value]) => `${name}=${value.replace(/\n/g, "\\n")}`);
  const text = [kept.join("\n").trimEnd(), ...added].filter((line) => line !== "").join("\n");
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}
