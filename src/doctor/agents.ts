/** Tries each agent where it would run: a runtime for it, its program, its key, and if wanted one answer. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../agents/agent.ts";
import { messageOf, Refusal } from "../model/errors.ts";
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import { splitAgent } from "../model/run.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { DoctorDeps, DoctorOptions, Try } from "./doctor.ts";
import { judgeKey, judgeLogin, judgePresence, judgeVersion } from "./judge-agent.ts";
import { attempt, follow, makeFolders, specOf } from "./trial.ts";

const RUNTIME_MS = 30_000;
/** An image may have to be fetched. */
const PROGRAM_MS = 120_000;
const LOGIN_MS = 150_000;
/** The agent's own time; some try again for minutes with a wrong key. */
const ANSWER_MS = 120_000;
const QUESTION = "Answer with the one word: ready. Use no tools, and change no files.";

/** Gives back the runtimes that are in use: the default agent's, and those of agents that are there. */
export async function tryAgents(
  deps: DoctorDeps,
  options: DoctorOptions,
  tryOut: Try,
): Promise<readonly string[]> {
  const used = new Set<string>();
  const main = splitAgent(deps.config.defaults.agent).pool;
  for (const agent of deps.agents) {
    const isMain = agent.name === main;
    const step = (what: string, ms: number, act: Act) =>
      tryOut("agent", agent.name, what, ms, isMain ? act : () => gently(what, act));
    let runtime: Runtime | null = null;
    const chosen = await step("runtime", RUNTIME_MS, async () => {
      runtime = await deps.runtimeFor(agent);
      return passes("runtime", runtime.name);
    });
    const found = runtime as Runtime | null;
    if (found === null || !isFine(chosen)) continue;
    if (isMain) used.add(found.name);
    const program = await step("program", PROGRAM_MS, () => tryProgram(deps, agent, found));
    if (!isFine(program.slice(0, 1))) continue;
    used.add(found.name);
    const key = await step("key", RUNTIME_MS, async () => judgeAccess(deps, agent, found));
    if (options.login && isFine(key))
      await tryOut("agent", agent.name, "login", LOGIN_MS, () => tryLogin(deps, agent, found));
  }
  return [...used];
}

const isFine = (judged: readonly Judged[]) => judged.every(({ result }) => result === "pass");

type Act = () => Promise<readonly Judged[] | Judged>;

/** Nobody sets up every agent there is: what fails is no more than a warning. */
async function gently(what: string, act: Act): Promise<readonly Judged[]> {
  try {
    const judged = [await act()].flat();
    return judged.map((one) => (one.result === "fail" ? warns(one.check, one.detail, one.fix) : one));
  } catch (error) {
    return [warns(what, messageOf(error), error instanceof Refusal ? error.fix : null)];
  }
}

async function tryProgram(deps: DoctorDeps, agent: Agent, runtime: Runtime): Promise<readonly Judged[]> {
  const { program } = agent;
  const image = imageOf(deps, agent);
  const asked: readonly [string, ...string[]] =
    program.versionArgs === null
      ? ["/bin/sh", "-c", 'command -v "$0"', program.name]
      : [program.name, ...program.versionArgs];
  const ended = await attempt(
    deps.bench,
    runtime,
    { argv: asked, image, limits: deps.bench.limits },
    PROGRAM_MS,
  );
  const there = judgePresence(program, ended, runtime.name === "native" ? null : image);
  if (there.result !== "pass" || program.versionArgs === null) return [there];
  return [there, judgeVersion(ended.stdout, program.tested ?? null)];
}

function imageOf({ config }: DoctorDeps, agent: Agent): string {
  return config.agents[agent.name]?.image ?? config.defaults.image;
}

/** A key, or the login that runs are lent in its place. */
function judgeAccess(deps: DoctorDeps, agent: Agent, runtime: Runtime): Judged {
  if (agent.logins.length === 0) return judgeKey(needsOf(deps, agent, runtime));
  deps.requireLogin(agent);
  return passes("key", "none; runs are lent the login of the server's user");
}

function needsOf({ config }: DoctorDeps, agent: Agent, runtime: Runtime) {
  const settings = config.agents[agent.name];
  const { secretEnv } = agent.launch({
    model: null,
    prompt: "",
    paths: runtime.paths({ checkout: "/c", meta: "/m", home: "/h", logs: "/l" }),
    resume: null,
    sessionId: randomUUID(),
    reviewFrom: null,
    endpoint: null,
  });
  return {
    names: [...secretEnv, ...(settings?.secretEnv ?? [])],
    set: (name: string) => config.secrets[name] !== undefined,
  };
}

async function tryLogin(deps: DoctorDeps, agent: Agent, runtime: Runtime): Promise<Judged> {
  if (agent.mode(null) === "review")
    return warns("login", "could not be tried: it only reviews, and there is nothing to review", null);
  // A CLI may renew it when it is used, and the server's own copy would be void.
  if (agent.logins.length > 0) return warns("login", "not tried: use renews it; start a run to see", null);
  const runId = deps.bench.newId();
  const folders = await makeFolders(deps.bench, runId);
  try {
    const paths = runtime.paths(folders);
    const spec = agent.launch({
      model: null,
      prompt: QUESTION,
      paths,
      resume: null,
      sessionId: randomUUID(),
      reviewFrom: null,
      endpoint: null,
    });
    const env = await deps.equip(agent, spec, { folders, paths, runId });
    const start = {
      argv: spec.argv,
      env,
      stdin: spec.stdin,
      image: imageOf(deps, agent),
      network: "open" as const,
    };
    const ended = await follow(runtime, specOf(deps.bench, runtime, runId, folders, start), ANSWER_MS);
    if (ended.exit === null)
      return fails("login", `no answer within ${ANSWER_MS / 1000} s`, "see to the provider's address");
    const reader = agent.reader();
    for (const stream of ["stdout", "stderr"] as const)
      for (const line of ended[stream].split("\n")) reader.line(line, stream);
    return judgeLogin(reader.end(ended.exit.code));
  } finally {
    await rm(join(deps.bench.root, runId), { recursive: true, force: true });
  }
}
