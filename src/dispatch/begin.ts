/** `/dispatch [agent] …` → a run in the queue, or the reason why not. Nothing is cloned before all of it is checked. */
import type { Config } from "../config/config.ts";
import type { Narrowed } from "../config/repository.ts";
import type { Forge } from "../forges/forge.ts";
import type { DispatchCommand } from "../model/command.ts";
import { ConfigError, Refusal } from "../model/errors.ts";
import { type RepoRef, type Run, type RunRequest, splitAgent } from "../model/run.ts";
import * as say from "../report/messages.ts";
import type { NewRun, Store } from "../store/store.ts";
import { type Request, type Response, refuse, reply } from "./response.ts";

export interface BeginDeps {
  readonly store: Store;
  readonly config: () => Config;
  /** Names of the configured agents. */
  readonly agents: () => readonly string[];
  readonly nearestAgent: (name: string) => string | null;
  /** Rejects with a Refusal when this agent could not run now: no runtime for it. */
  readonly checkAgent: (name: string) => Promise<void>;
  /** Rejects with a Refusal for an unknown template, persona, plan, or a wrong variable. */
  readonly checkRequest: (request: RunRequest) => Promise<void>;
  /** What holds in this repository; throws ConfigError when its own file is wrong. */
  readonly narrowed: (repo: RepoRef, forge: Forge) => Promise<Narrowed>;
  /** The prompt of a run that is not started, and where it would work. */
  readonly preview: (
    run: Run,
    forge: Forge,
  ) => Promise<{ readonly prompt: string; readonly workspace: string }>;
  /** The longest a preview may take, in milliseconds; a minute when left out. */
  readonly previewMs?: number;
  readonly newId: () => string;
  readonly now: () => number;
}

const PREVIEW_MS = 60_000;

/** Rejects with a Refusal, to be told as it is. */
export async function begin(
  command: DispatchCommand,
  asked: Request,
  about: string,
  deps: BeginDeps,
): Promise<Response> {
  const { event, forge } = asked;
  const { repo, issue } = event;
  const no = (body: string) => refuse(asked, about, body);
  // A dry run starts nothing, so nothing is in its way.
  const busy = asked.freed || command.dryRun ? null : await deps.store.activeRun(repo, issue.number);
  if (busy) return no(say.busy(busy));
  const own = await ownRules(asked, deps);
  if (typeof own === "string") return no(own);
  const request = requestOf(command, own, deps.config());
  const refusal = notAllowed(request, own, deps);
  if (refusal !== null) return no(refusal);
  await deps.checkAgent(splitAgent(request.agent).pool);
  await deps.checkRequest(request);
  const run: NewRun = { id: deps.newId(), repo, issue, trigger: asked.trigger, request, priority: 0 };
  if (command.dryRun) {
    const view = await inTime(deps.preview(asRun(run, deps.now()), forge), deps.previewMs ?? PREVIEW_MS);
    return reply(asked, about, say.dryRun({ request, ...view }));
  }
  return await queued(run, deps);
}

/** Waits no longer than this for a preview: later commands of the issue wait behind it. */
async function inTime<T>(preview: Promise<T>, limitMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const seconds = Math.ceil(limitMs / 1000);
  const why = new Refusal(`making the dry run: it took longer than ${seconds} s`, "Try again in a while.");
  const timer = setTimeout(() => late.reject(why), limitMs);
  return await Promise.race([preview, late.promise]).finally(() => clearTimeout(timer));
}

/** Why this may not be run in the repository, as it is told; null when it may. */
export async function refusalOf(
  request: RunRequest,
  asked: Request,
  deps: BeginDeps,
): Promise<string | null> {
  const own = await ownRules(asked, deps);
  return typeof own === "string" ? own : notAllowed(request, own, deps);
}

/** What holds in the repository; what is told when its own file is wrong. */
async function ownRules({ event, forge }: Request, deps: BeginDeps): Promise<Narrowed | string> {
  try {
    return await deps.narrowed(event.repo, forge);
  } catch (error) {
    if (error instanceof ConfigError) return say.repositoryConfigWrong(error.problems);
    throw error;
  }
}

/** What was asked for, with the repository's and then the server's defaults; a limit only shrinks. */
function requestOf(command: DispatchCommand, own: Narrowed, config: Config): RunRequest {
  return {
    agent: command.agent ?? own.defaultAgent ?? config.defaults.agent,
    task: command.task,
    template: command.template ?? own.template,
    plan: command.plan,
    variables: command.variables,
    persona: command.persona,
    branch: command.branch,
    tag: command.tag,
    timeoutMs: Math.min(command.timeoutMs ?? own.totalMs, own.totalMs),
  };
}

function notAllowed(request: RunRequest, own: Narrowed, deps: BeginDeps): string | null {
  const { pool } = splitAgent(request.agent);
  const agents = deps.agents();
  if (!own.enabled) return say.disabledHere();
  if (!agents.includes(pool)) return say.unknownAgent(request.agent, agents, deps.nearestAgent(pool));
  if (!own.agents.includes(pool)) return say.agentNotAllowed(pool, own.agents);
  return null;
}

async function queued(run: NewRun, deps: BeginDeps): Promise<Response> {
  const waiting = await deps.store.runs({ states: ["queued"], limit: 1000 });
  const wait = (await deps.store.frozen()) ? ({ kind: "frozen" } as const) : null;
  const asQueued = asRun(run, deps.now());
  const body = say.queuedStatus(asQueued, { ahead: waiting.length, wait });
  return { changes: [{ kind: "enqueue", run }], effects: [say.statusEffect(asQueued, body)] };
}

/** The run as it would be right after it was put into the queue. */
function asRun(run: NewRun, now: number): Run {
  return {
    ...run,
    ...splitAgent(run.request.agent),
    state: "queued",
    attempt: 0,
    createdAt: now,
    queuedAt: now,
    startedAt: null,
    endedAt: null,
    agentMs: 0,
    workspace: null,
    handle: null,
    session: null,
    outcome: null,
    report: null,
    answers: [],
    statusComment: null,
    cancelledBy: null,
  };
}
