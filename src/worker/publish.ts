/**
 * Fourth step: what the agent left becomes a branch and a pull request, or a review. The bot does it; the agent never
 * held a key. Every part may have been done before a crash and is then found done: the push of the same commit, the
 * pull request with the same head. So all of it is done again for a while when the forge does not answer, and for
 * up to a day when it refuses our credentials.
 */
import type { Forge } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import type { Outcome, PublishedWork } from "../model/outcome.ts";
import type { Run, RunWorkspace } from "../model/run.ts";
import { unmarked } from "../model/secret-forms.ts";
import { commitMessage, pullBody, pullTitle } from "../report/pull.ts";
import type { Collected } from "../workspace/workspaces.ts";
import { despiteRefusals, refusalOf, waitForOpen } from "./closed.ts";
import type { WorkDeps } from "./deps.ts";
import { failed } from "./failure.ts";
import type { Job } from "./job.ts";
import { isPassing, isStoreAway, PAUSES, patiently } from "./patience.ts";

/**
 * The outcome with what was published in it; a refusal on the way is an outcome too. Rejects when the run is given
 * up here while the forge does not answer or is closed: the next holder publishes it.
 */
export async function publish(job: Job, deps: WorkDeps): Promise<Outcome> {
  const pausesMs = PAUSES.map((pauses) => pauses * deps.patienceMs);
  const { run } = job;
  const outcome = run.outcome;
  if (!outcome) throw new Error(`run ${run.id} is publishing but no outcome was recorded`);
  if (outcome.kind !== "completed") return outcome;
  const signal = AbortSignal.any([job.lost, job.left]);
  try {
    if (deps.agent(run.pool).mode(run.model) === "review") {
      return { kind: "completed", work: null, review: run.report?.lastMessage ?? "The agent said nothing." };
    }
    const log = deps.log.child({ run: run.id });
    const once = () => patiently(() => publishWork(run, job.lost, deps), { pausesMs, signal, log });
    const waiting = AbortSignal.any([signal, job.draining]);
    const whileClosed = (refusal: unknown) => waitForOpen(refusal, { run, deps, signal: waiting });
    const work = await despiteRefusals(once, { run, deps, signal, whileClosed });
    return { kind: "completed", work, review: null };
  } catch (error) {
    const mayPass = isPassing(error) || refusalOf(error) !== null;
    if (job.lost.aborted || isStoreAway(error) || (mayPass && (job.left.aborted || job.draining.aborted)))
      throw error;
    return failed("publish", error, deps);
  }
}

/** A lost lease ends it at once: the next holder may begin the run anew. */
async function publishWork(run: Run, lost: AbortSignal, deps: WorkDeps): Promise<PublishedWork | null> {
  const { workspace } = run;
  if (!workspace) throw new Error(`run ${run.id} is publishing but no workspace was recorded`);
  const forge = deps.forge(run.repo.forge);
  const signal = AbortSignal.any([AbortSignal.timeout(10 * 60_000), lost]);
  const work = await deps.workspaces.collect({
    run,
    workspace,
    folders: deps.workspaces.foldersOf(run),
    message: commitMessage(run),
    coauthor: { name: run.trigger.by.login, email: addressOf(run, deps) },
    signal,
  });
  if (!work) return null;
  await refuseSecrets(workspace, work, deps);
  const credential = await forge.gitCredential(run.repo);
  await deps.workspaces.push({ workspace, sha: work.sha, credential, signal });
  const { sha, files, added, removed, note } = work;
  return {
    branch: workspace.branch,
    sha,
    files,
    added,
    removed,
    note,
    pull: await openPull(run, workspace, forge, deps),
  };
}

/** The address by which the forge knows a person without telling theirs, as it is unless an admin changed it. */
function addressOf({ repo, issue, trigger: { by } }: Run, deps: WorkDeps): string {
  const forge = deps.config().forges.find(({ name }) => name === repo.forge);
  const host = URL.parse(issue.url)?.hostname ?? "invalid";
  if (forge?.kind !== "github") return `${by.login}@noreply.${host}`;
  return forge.baseUrl === null
    ? `${by.id}+${by.login}@users.noreply.github.com`
    : `${by.login}@users.noreply.${host}`;
}

async function refuseSecrets(workspace: RunWorkspace, work: Collected, deps: WorkDeps): Promise<void> {
  const secrets = deps.secretValues();
  const place = await deps.workspaces.findSecret({ workspace, sha: work.sha, secrets });
  if (place === null) return;
  throw new Refusal(
    `pushing the work: ${place} holds a secret of the bot's own, so nothing was pushed`,
    "Treat that secret as seen by the agent: renew it. The work is kept in the run's workspace.",
  );
}

function withoutSecrets(text: string, { redact }: WorkDeps): string {
  const redacted = redact(text);
  if (redact(unmarked(redacted)) === unmarked(redacted)) return redacted;
  throw new Refusal(
    "opening the pull request: its text would hold a secret of the bot's own",
    "Treat that secret as seen by the agent: renew it. The work is pushed, without a pull request.",
  );
}

async function openPull(
  run: Run,
  workspace: RunWorkspace,
  forge: Forge,
  deps: WorkDeps,
): Promise<PublishedWork["pull"]> {
  if (workspace.base === null || workspace.pull !== null) {
    const pull = await forge.pull(run.repo, workspace.pull ?? run.issue.number);
    return { number: pull.number, url: pull.url, opened: false };
  }
  return await forge.openPull(run.repo, {
    head: workspace.branch,
    base: workspace.base,
    title: withoutSecrets(pullTitle(run), deps),
    body: withoutSecrets(pullBody(run), deps),
    draft: await deps.draft(run, forge),
  });
}
