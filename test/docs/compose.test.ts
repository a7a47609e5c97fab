/** What compose.yaml starts, as the program reads it: profiles, roles, stores, and files that are there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { FORGEJO, load } from "../config/load-with.ts";
import { ROOT } from "./markdown.ts";

interface Service {
  readonly profiles: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly build?: string;
  readonly volumes: readonly string[];
}

/** As with nothing set but what must be. */
const text = readFileSync(join(ROOT, "compose.yaml"), "utf8")
  .replaceAll(/\$\{POSTGRES_PASSWORD:-\}/g, "p")
  .replaceAll(/\$\{\w+:\?[^}]*\}/g, "/set")
  .replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
const { services, volumes } = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};

const inProfile = (profile: string) =>
  Object.entries(services).filter(([, { profiles }]) => profiles.includes(profile));

/** Role and store of a service of ours; null for one that is not. */
function startedAs({ build, environment }: Service): readonly [string, string | null] | null {
  if (!build) return null;
  const { role, databaseUrl } = load("", { ...FORGEJO, ...environment });
  return [role, databaseUrl];
}

test("each profile starts the roles it is for, on the store it is for", () => {
  const url = "postgresql://dispatch:p@postgres:5432/dispatch";
  const of = (profile: string) =>
    Object.fromEntries(inProfile(profile).map(([name, service]) => [name, startedAs(service)]));
  assert.deepEqual(of("one"), { dispatch: ["all", null] });
  assert.deepEqual(of("scale"), { web: ["web", url], worker: ["worker", url], postgres: null });
});

test("the database is made with the name, user and password that the others use", () => {
  const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = services.postgres?.environment ?? {};
  assert.equal(
    services.web?.environment.DATABASE_URL,
    `postgresql://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`,
  );
});

test("what is to outlive a container has a volume of its own", () => {
  const named = Object.values(services).flatMap((service) =>
    service.volumes.filter((one) => !/^[./]/.test(one)),
  );
  assert.deepEqual(named.map((one) => one.split(":")[0]).sort(), Object.keys(volumes).sort());
  for (const service of Object.values(services).filter(({ build }) => build))
    assert.ok(service.volumes.some((one) => one.endsWith(`:${service.environment.DATA_DIR}`)));
  assert.ok(existsSync(join(ROOT, "Dockerfile")));
});
