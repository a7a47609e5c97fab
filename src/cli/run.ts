/** The command line: arguments in, one of `commands` called, its result printed, an exit code out. */
import type { Role } from "../config/config.ts";
import type { CommandName } from "./catalog.ts";
import type { Commands, CommonOptions } from "./commands.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { harmless, type Io, type Paint, painter } from "./io.ts";
import { type Parsed, parse, type Values } from "./parse.ts";
import { diagnosisPrinter } from "./show-diagnosis.ts";
import { showError } from "./show-error.ts";
import { isReady, showReadiness } from "./show-readiness.ts";
import { showStatus } from "./show-status.ts";

/** 0: done. 1: it failed, or the answer is no. 2: the arguments were wrong. */
export type ExitCode = 0 | 1 | 2;

const ROLES: readonly Role[] = ["all", "web", "worker"];

/** Never throws. */
export async function runCli(argv: readonly string[], io: Io, commands: Commands): Promise<ExitCode> {
  const paint = painter(io.out, io.env);
  const paintError = painter(io.err, io.env);
  const parsed = parse(argv);
  switch (parsed.kind) {
    case "version":
      io.out.write(`${commands.version}\n`);
      return 0;
    case "help":
      io.out.write(parsed.command ? commandHelp(parsed.command, paint) : generalHelp(paint));
      return 0;
    case "wrong":
      return usage(parsed.message, parsed.hint, io, paintError);
  }
  try {
    return await EXECUTE[parsed.name]({ ...parsed, io, paint, commands });
  } catch (error) {
    if (error instanceof WrongUsage) {
      return usage(error.message, `See: agent-dispatch ${parsed.name} --help`, io, paintError);
    }
    io.err.write(showError(error, paintError));
    return 1;
  }
}

function usage(message: string, hint: string, io: Io, paint: Paint): ExitCode {
  io.err.write(`${paint("error:", "red")} ${harmless(message)}\n${hint}\n`);
  return 2;
}

/** A value of an argument makes no sense. */
class WrongUsage extends Error {}

type Call = Extract<Parsed, { kind: "run" }> & {
  readonly io: Io;
  readonly paint: Paint;
  readonly commands: Commands;
};

const EXECUTE: Readonly<Record<CommandName, (call: Call) => Promise<ExitCode>>> = {
  async start({ values, commands }) {
    await commands.start({ ...common(values), role: roleOf(values) });
    return 0;
  },
  async demo({ values, io, commands }) {
    const right = await commands.demo({ keep: values.keep === true, port: portOf(values) }, sayTo(io));
    return right ? 0 : 1;
  },
  async check({ values, io, paint, commands }) {
    const readiness = await commands.check(common(values));
    io.out.write(values.json ? json(readiness) : showReadiness(readiness, paint));
    return isReady(readiness) ? 0 : 1;
  },
  doctor,
  "image build": buildImage,
  async "setup github"({ values, io, commands }) {
    await commands.setupGithub({ port: portOf(values), url: urlOf(values) }, sayTo(io));
    return 0;
  },
  "forge add-hook": addHook,
  async status({ values, io, paint, commands }) {
    const status = await commands.status({ ...common(values), all: values.all === true });
    io.out.write(values.json ? json(status) : showStatus(status, io.now(), paint));
    return 0;
  },
  async logs({ values, positionals, io, commands }) {
    const run = positionals[0] ?? "";
    const log = commands.logs({ ...common(values), run, follow: values.follow === true });
    for await (const chunk of log) io.out.write(harmless(chunk));
    return 0;
  },
  async backup({ values, positionals, io, commands }) {
    const file = positionals[0] ?? "";
    const made = await commands.backup({ ...common(values), file }, sayTo(io));
    io.out.write(`wrote ${made.file}: ${made.bytes} bytes, ${made.runs} runs\n`);
    return 0;
  },
  async "migrate-store"({ values, io, commands }) {
    const { runs, deliveries, effects, aside } = await commands.migrateStore(common(values), sayTo(io));
    io.out.write(`moved to PostgreSQL: ${runs} runs, ${deliveries} deliveries, ${effects} effects\n`);
    io.out.write(`the SQLite file is now ${aside}; start the server with DATABASE_URL set\n`);
    return 0;
  },
  async freeze({ values, io, commands }) {
    await commands.freeze(common(values));
    io.out.write("frozen: no run starts until `agent-dispatch thaw`\n");
    return 0;
  },
  async thaw({ values, io, commands }) {
    await commands.thaw(common(values));
    io.out.write("thawed: queued runs start again\n");
    return 0;
  },
  async "pool resume"({ values, positionals, io, commands }) {
    const pool = positionals[0] ?? "";
    const wasPaused = await commands.resumePool({ ...common(values), pool });
    io.out.write(wasPaused ? `${pool} runs again\n` : `${pool} was not paused\n`);
    return 0;
  },
};

function urlOf(values: Values): string | null {
  const url = typeof values.url === "string" ? values.url : null;
  if (url !== null && !/^https?:\/\/[^/]/.test(url))
    throw new WrongUsage(`--url "${url}" is no http or https address`);
  return url;
}

async function doctor({ values, io, paint, commands }: Call): Promise<ExitCode> {
  const options = { ...common(values), runtime: textOf(values.runtime), login: values.login === true };
  const printer = diagnosisPrinter(io, paint);
  const quiet = { trying: printer.trying, found: () => {} };
  const diagnosis = await commands.doctor(options, values.json ? quiet : printer);
  if (values.json) io.out.write(json(diagnosis));
  else printer.done(diagnosis);
  return diagnosis.ok ? 0 : 1;
}

async function buildImage({ values, io, commands }: Call): Promise<ExitCode> {
  const engine = engineOf(values);
  const options = { ...common(values), engine, tag: textOf(values.tag), pull: values.pull === true };
  const { tag, inUse, ...built } = await commands.buildImage(options);
  io.out.write(`built ${tag} with ${built.engine}\n`);
  io.out.write(inUse ? "agents use it\n" : `in agents.yaml: dispatch: { image: "${tag}" }\n`);
  return 0;
}

async function addHook({ values, positionals, io, commands }: Call): Promise<ExitCode> {
  const [forge = "", target = ""] = positionals;
  const [owner = "", repository = null, ...rest] = target.split("/");
  if (owner === "" || repository === "" || rest.length > 0) {
    throw new WrongUsage(`"${target}" is no owner or owner/repository`);
  }
  const url = urlOf(values);
  const hook = await commands.addHook({ ...common(values), forge, owner, repository, url });
  io.out.write(
    hook.created
      ? `made: ${forge} sends ${target}'s events to ${hook.url}\n`
      : `there already: ${hook.url}\n`,
  );
  return 0;
}

function textOf(value: string | boolean | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function common(values: Values): CommonOptions {
  return { config: typeof values.config === "string" ? values.config : null };
}

function roleOf({ role }: Values): Role | null {
  if (typeof role !== "string") return null;
  const known = ROLES.find((one) => one === role);
  if (known) return known;
  throw new WrongUsage(`--role "${role}" is no role: ${ROLES.join(", ")}`);
}

function engineOf({ engine }: Values): "docker" | "podman" | null {
  if (typeof engine !== "string") return null;
  if (engine === "docker" || engine === "podman") return engine;
  throw new WrongUsage(`--engine "${engine}" is no engine: docker, podman`);
}

function portOf({ port }: Values): number | null {
  if (typeof port !== "string") return null;
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw new WrongUsage(`--port "${port}" is no port: a whole number from 0 to 65535`);
}

function sayTo({ out }: Io): (line: string) => void {
  return (line) => void out.write(`${line}\n`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
