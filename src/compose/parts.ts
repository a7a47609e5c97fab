/** What is made once and kept for the life of the process: store, folders, forges, runtimes, prompts. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config, ForgeConfig } from "../config/config.ts";
import { networkOf } from "../config/secrets.ts";
import { createEgress, type Egress } from "../egress/egress.ts";
import { outerProxies } from "../egress/outer.ts";
import type { Forge } from "../forges/forge.ts";
import { createForgejoForge } from "../forges/forgejo/forgejo-forge.ts";
import { createGithubForge } from "../forges/github/github-forge.ts";
import { GithubOctokit } from "../forges/github/octokit.ts";
import { Refusal } from "../model/errors.ts";
import { createPrompts } from "../prompt/prompts.ts";
import { createAppleRuntime } from "../runtimes/apple/apple.ts";
import type { Guard } from "../runtimes/native/alive.ts";
import { createNativeRuntime } from "../runtimes/native/native.ts";
import { DOCKER, PODMAN } from "../runtimes/oci/dialects.ts";
import { createOciRuntime } from "../runtimes/oci/oci.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import { createProbot } from "../webhook/server.ts";
import { createWorkspaces } from "../workspace/workspaces.ts";
import { openStore } from "./open-store.ts";

const SHIPPED_TEMPLATES = join(import.meta.dirname, "..", "..", "templates");

export interface PartsOptions {
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly upgrade?: boolean;
}

/** Opens the store and makes the folders. Rejects with a Refusal when one of them cannot be used. */
export async function makeParts(config: Config, { log, now, upgrade = true }: PartsOptions) {
  const { dataDir } = config;
  for (const dir of ["logs", "native", "egress"])
    await mkdir(join(dataDir, dir), { recursive: true, mode: 0o700 });
  const store = await openStore(config, { now, log, upgrade });
  const records = join(dataDir, "native");
  const guard = store.fleet ? { file: join(records, "alive"), silentMs: guardMs(config) } : null;
  const { PATH = "", HOME = "/" } = config.baseEnv;
  const confine = { path: PATH, own: [process.cwd(), dataDir, config.workspaceRoot, HOME] };
  const native = createNativeRuntime({ now, records, guard, confine, warn: (message) => log.warn(message) });
  const containers = containerRuntimes(config, guard);
  const workspaces = createWorkspaces({
    root: config.workspaceRoot,
    mirrors: join(dataDir, "mirrors"),
    author: config.git,
    signing: config.git.signing,
    now,
    path: config.baseEnv.PATH ?? "",
    spares: config.spares,
    network: networkOf(config),
    warn: (message) => log.warn(message),
  });
  const { templateDir } = config;
  return {
    store,
    /** Null where agents are left alive when the process goes, however long it is gone. */
    guard,
    workspaces,
    forges: new Map(config.forges.map((forge) => [forge.name, createForge(forge, log, now)])),
    runtimes: new Map<string, Runtime>([native, ...containers].map((runtime) => [runtime.name, runtime])),
    prompts: createPrompts({
      dirs: templateDir === null ? [SHIPPED_TEMPLATES] : [templateDir, SHIPPED_TEMPLATES],
    }),
  };
}

/** Made by itself: what is secret about runs is known before anything is opened. */
export function egressOf({ dataDir, baseEnv }: Pick<Config, "dataDir" | "baseEnv">): Egress {
  const certificates = Object.entries(baseEnv).filter(([name]) =>
    /^(SSL_CERT_|NODE_EXTRA_CA_CERTS$)/.test(name),
  );
  const env = Object.fromEntries(certificates);
  return createEgress({ dir: join(dataDir, "egress"), env, outer: outerProxies(baseEnv) });
}

/** Each keeps its own mark on its containers in the folder of this process. */
function containerRuntimes(config: Config, guard: Guard | null): readonly Runtime[] {
  const { engineEnv: env, dataDir, defaults } = config;
  const bot = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const oci = [DOCKER, PODMAN].map((dialect) =>
    createOciRuntime({ dialect, dir: join(dataDir, dialect.name), env, bot, user: defaults.user, guard }),
  );
  const { platform } = process;
  return [
    ...oci,
    createAppleRuntime({ dir: join(dataDir, "apple"), env, user: bot, platform, isFleet: guard !== null }),
  ];
}

export type Parts = Awaited<ReturnType<typeof makeParts>>;

/**
 * How long an agent outlives the sign of life of its worker. Others take its run over `leaseMs + graceMs + 5 s` after
 * the last heartbeat at the earliest (`worker/fence.ts`), and by then it must be gone, whenever the process died:
 *
 * - up to `leaseMs` after that heartbeat. The guard sees the last sign a second late at the most and then looks
 *   `graceMs + 2 s` more: gone after `leaseMs + graceMs + 3 s`, which leaves two seconds to a busy machine.
 * - later. The fence had the agent stopped at `leaseMs`, and that order the guard carries out by itself:
 *   gone after `leaseMs + graceMs + 2 s`.
 *
 * With a long grace, two thirds of a lease are enough for a restart.
 */
export const guardMs = ({ leaseMs, limits }: Pick<Config, "leaseMs" | "limits">): number =>
  Math.min((leaseMs * 2) / 3, limits.graceMs + 2_000);

function createForge(config: ForgeConfig, log: Logger, now: () => number): Forge {
  if (config.kind === "forgejo") return createForgejoForge({ config, now });
  const probot = createProbot(config, GithubOctokit, log);
  return createGithubForge({ config, auth: (installationId) => probot.auth(installationId), now });
}

/** Throws a Refusal for what was taken out of the configuration while a run needs it. */
export function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  if (one !== undefined) return one;
  throw new Refusal(`${name} is not configured any more`, `Configure it again, or cancel the run.`);
}
