/** Tries each forge: credentials, what they may do, its clock, whether it could reach us, and time tracking. */
import type { ForgeConfig } from "../config/config.ts";
import type { Forge, ForgeProbe, Rights } from "../forges/forge.ts";
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import { type RepoRef, repoName } from "../model/run.ts";
import type { DoctorDeps, Try } from "./doctor.ts";
import { addressOf } from "./reach.ts";
import { tryWebhooks } from "./webhooks.ts";

const STEP_MS = 30_000;
const MOST_REPOSITORIES = 5;
/** GitHub takes no App's word that is a minute off. */
const WRONG_MS = 50_000;
const OFF_MS = 10_000;

export async function tryForges(deps: DoctorDeps, served: readonly RepoRef[], tryOut: Try): Promise<void> {
  const { config } = deps;
  if (deps.forges.length === 0)
    await tryOut("forge", "none", "configured", STEP_MS, async () =>
      fails(
        "configured",
        "no forge is set up",
        "see the README: agent-dispatch setup github, or FORGEJO_URL in .env",
      ),
    );
  for (const forge of deps.forges) {
    const settings = config.forges.find(({ name }) => name === forge.name);
    const step = (what: string, act: () => Promise<readonly Judged[] | Judged>) =>
      tryOut("forge", forge.name, what, STEP_MS, act);
    const [known] = await step("credentials", async () => judgeCredentials(await forge.probe()));
    await step("clock", async () => judgeClock(await dateOf(deps, settings), deps.now()));
    if (known?.result !== "fail") {
      await step("permissions", async () => judgeRights(await forge.rights()));
      if (forge.kind === "forgejo")
        await step("time tracking", () => timeTracking(forge, repositoriesOf(forge, deps, served)));
    }
    if (settings) await step("webhooks", () => tryWebhooks(deps, settings));
  }
}

export function judgeCredentials({ ready, summary, fix }: ForgeProbe): Judged {
  if (!ready) return fails("credentials", summary, fix);
  return fix === null ? passes("credentials", summary) : warns("credentials", summary, fix);
}

export function judgeRights({ lacking, unknown }: Rights): Judged {
  if (lacking.length > 0)
    return fails(
      "permissions",
      `lacking: ${lacking.join(", ")}`,
      "grant them, or make a token that has them",
    );
  return unknown === null
    ? passes("permissions", "all that the bot needs")
    : warns("permissions", "not told", unknown);
}

/** `date` is the forge's, epoch milliseconds, cut to the second. */
export function judgeClock(date: number | null, now: number): Judged {
  if (date === null) return warns("clock", "the forge told no time to compare with", null);
  const off = Math.round((now - date) / 1_000);
  const detail = `${Math.abs(off)} s ${off < 0 ? "behind" : "ahead of"} the forge's`;
  const fix = "set this machine's clock, for instance by systemd-timesyncd or chrony";
  if (Math.abs(now - date) > WRONG_MS) return fails("clock", detail, fix);
  return Math.abs(now - date) > OFF_MS ? warns("clock", detail, fix) : passes("clock", "as the forge's");
}

async function dateOf({ fetch }: DoctorDeps, settings: ForgeConfig | undefined): Promise<number | null> {
  const signal = AbortSignal.timeout(STEP_MS / 2);
  const reply = await fetch(addressOf(settings), { method: "HEAD", redirect: "manual", signal }).catch(
    () => null,
  );
  const date = Date.parse(reply?.headers.get("date") ?? "");
  return Number.isNaN(date) ? null : date;
}

/** Those it served last, and those named one by one in the configuration. */
function repositoriesOf(
  forge: Forge,
  { config }: DoctorDeps,
  served: readonly RepoRef[],
): readonly RepoRef[] {
  const named = config.permission.repositories.flatMap((pattern) => {
    const [owner = "", name = ""] = pattern.split("/");
    return name === "" || name.includes("*") ? [] : [{ forge: forge.name, owner, name }];
  });
  const all = [...served.filter((repo) => repo.forge === forge.name), ...named];
  return [...new Map(all.map((repo) => [repoName(repo), repo])).values()].slice(0, MOST_REPOSITORIES);
}

async function timeTracking(forge: Forge, repositories: readonly RepoRef[]): Promise<Judged> {
  const off: string[] = [];
  for (const repo of repositories) {
    if (!(await forge.repository(repo)).timeTracking) off.push(repoName(repo));
  }
  return judgeTimeTracking(repositories.length, off);
}

export function judgeTimeTracking(looked: number, off: readonly string[]): Judged {
  const check = "time tracking";
  if (looked === 0)
    return warns(check, "could not be tried: no repository was served yet", "try again after the first run");
  if (off.length === 0)
    return passes(check, `on in ${looked === 1 ? "the repository" : `${looked} repositories`} served`);
  return warns(
    check,
    `off in ${off.join(", ")}: time is shown in the comment only`,
    "turn it on: Settings → Units → Issues → Enable time tracking",
  );
}
