/** Which forges are served: those of agents.yaml, and those that the environment's variables describe. */
import type { ForgeConfig } from "./config.ts";
import { CredentialReader } from "./credentials.ts";
import type { Path } from "./document.ts";
import type { Environment } from "./environment.ts";
import { httpUrl } from "./fields.ts";
import type { Problems } from "./problems.ts";
import type { ForgeSettings } from "./schema.ts";

export interface Forges {
  readonly forges: readonly ForgeConfig[];
  /** Variable → value of every credential of a forge: what no agent may get. */
  readonly credentials: Readonly<Record<string, string>>;
}

interface ForgeSource {
  readonly name: string;
  readonly settings: ForgeSettings;
  readonly path: Path | null;
}

const HOW_TO =
  "set APP_ID, PRIVATE_KEY_PATH and WEBHOOK_SECRET (GitHub; `agent-dispatch setup github` makes them) or FORGEJO_URL, FORGEJO_TOKEN and FORGEJO_WEBHOOK_SECRET in .env, or add one under `forges` in agents.yaml";

export function readForges(
  written: Readonly<Record<string, ForgeSettings>>,
  environment: Environment,
  cwd: string,
  problems: Problems,
): Forges {
  const sources: ForgeSource[] = Object.entries(written).map(([name, settings]) => ({
    name,
    settings,
    path: ["forges", name],
  }));
  const before = problems.found.length;
  if (!("github" in written)) sources.push(...githubOf(environment, sources.length === 0, problems));
  if (!("forgejo" in written)) sources.push(...forgejoOf(environment, problems));
  if (sources.length === 0 && problems.found.length === before)
    problems.key(["forges"], "no forge is set up", HOW_TO);
  const credentials: Record<string, string> = {};
  const forges = sources.map((source) => {
    const reader = new CredentialReader(source.settings, source.path, environment, cwd, problems);
    const forge =
      source.settings.kind === "github"
        ? github(source, reader, problems)
        : forgejo(source, reader, problems);
    Object.assign(credentials, reader.read);
    return forge;
  });
  return { forges, credentials };
}

/** A token alone, as many machines have for other programs, only means us when nothing else is set up. */
function githubOf(environment: Environment, alone: boolean, problems: Problems): readonly ForgeSource[] {
  const has = (name: string): boolean => environment.get(name) !== undefined;
  const app = has("APP_ID") || has("PRIVATE_KEY") || has("PRIVATE_KEY_PATH");
  const token = has("GITHUB_TOKEN") && (has("WEBHOOK_SECRET") || (alone && !has("FORGEJO_URL")));
  if (!app && !token) {
    if (has("WEBHOOK_SECRET")) {
      problems.variable("WEBHOOK_SECRET", "is set, but neither APP_ID nor GITHUB_TOKEN is", HOW_TO);
    }
    return [];
  }
  const proxy = webUrl("WEBHOOK_PROXY_URL", environment, problems);
  const settings: ForgeSettings = {
    kind: "github",
    webhook_secret_env: "WEBHOOK_SECRET",
    ...(app
      ? { app_id_env: "APP_ID", private_key_env: has("PRIVATE_KEY") ? "PRIVATE_KEY" : "PRIVATE_KEY_PATH" }
      : { token_env: "GITHUB_TOKEN" }),
    ...(has("GHE_HOST") ? { url: enterpriseUrl(environment, problems) } : {}),
    ...(proxy ? { webhook_proxy: proxy } : {}),
  };
  return [{ name: "github", settings, path: null }];
}

function enterpriseUrl(environment: Environment, problems: Problems): string {
  const protocol = environment.get("GHE_PROTOCOL") ?? "https";
  if (protocol !== "https" && protocol !== "http") {
    problems.variable("GHE_PROTOCOL", "is no protocol", "https, http");
  }
  const url = `${protocol}://${environment.get("GHE_HOST")}/api/v3`;
  if (!URL.canParse(url))
    problems.variable("GHE_HOST", "is no host name", "a host name such as github.example.com");
  return url;
}

function forgejoOf(environment: Environment, problems: Problems): readonly ForgeSource[] {
  const stray = ["FORGEJO_TOKEN", "FORGEJO_WEBHOOK_SECRET"].find(
    (name) => environment.get(name) !== undefined,
  );
  if (environment.get("FORGEJO_URL") === undefined) {
    if (stray)
      problems.variable("FORGEJO_URL", `is not set, but ${stray} is`, "the address of the forge's web page");
    return [];
  }
  const url = webUrl("FORGEJO_URL", environment, problems);
  const settings: ForgeSettings = {
    kind: "forgejo",
    ...(url ? { url } : {}),
    token_env: "FORGEJO_TOKEN",
    webhook_secret_env: "FORGEJO_WEBHOOK_SECRET",
  };
  return url ? [{ name: "forgejo", settings, path: null }] : [];
}

function webUrl(name: string, environment: Environment, problems: Problems): string | null {
  const url = environment.get(name);
  if (url === undefined) return null;
  if (httpUrl.safeParse(url).success) return url;
  problems.variable(name, "is no URL", "a URL that begins with https:// or http://");
  return null;
}

function github(
  { name, settings, path }: ForgeSource,
  read: CredentialReader,
  problems: Problems,
): ForgeConfig {
  const app = settings.app_id_env !== undefined || settings.private_key_env !== undefined;
  if (path && app && (settings.app_id_env === undefined || settings.private_key_env === undefined)) {
    problems.key(
      path,
      "names only one half of an App's credentials",
      "app_id_env and private_key_env, or token_env",
    );
  } else if (path && !app && settings.token_env === undefined) {
    problems.key(path, "has no credentials", "app_id_env and private_key_env, or token_env");
  }
  return {
    kind: "github",
    name,
    baseUrl: apiUrl(settings.url, path, problems),
    auth: app
      ? { as: "app", appId: read.appId(), privateKey: read.privateKey() }
      : { as: "token", token: read.token() },
    webhookSecret: read.webhookSecret(),
    webhookProxy: settings.webhook_proxy ?? null,
  };
}

function apiUrl(url: string | undefined, path: Path | null, problems: Problems): string | null {
  if (url === undefined) return null;
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  if (path && (host === "github.com" || host === "api.github.com")) {
    problems.value(
      [...path, "url"],
      "is github.com",
      "nothing for github.com; https://HOST/api/v3 for GitHub Enterprise",
    );
  }
  return url.replace(/\/+$/, "");
}

function forgejo(
  { name, settings, path }: ForgeSource,
  read: CredentialReader,
  problems: Problems,
): ForgeConfig {
  for (const key of ["url", "token_env"] as const) {
    if (path && settings[key] === undefined)
      problems.key([...path, key], `is missing; ${settings.kind} needs it`);
  }
  for (const key of ["app_id_env", "private_key_env"] as const) {
    if (path && settings[key] !== undefined) problems.key([...path, key], `is only for kind: github`);
  }
  return {
    kind: "forgejo",
    name,
    url: (settings.url ?? "").replace(/\/+$/, ""),
    token: read.token(),
    webhookSecret: read.webhookSecret(),
    webhookProxy: settings.webhook_proxy ?? null,
  };
}
