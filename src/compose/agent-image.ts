/** `image build`: the agent image, built by an engine of this machine from the Dockerfile that is shipped. */
import { join } from "node:path";
import { execa } from "execa";
import type { Commands } from "../cli/commands.ts";
import { AGENT_IMAGE } from "../config/schema.ts";
import { Refusal } from "../model/errors.ts";

type Options = Parameters<Commands["buildImage"]>[0];
type Built = Awaited<ReturnType<Commands["buildImage"]>>;

export interface Builder {
  /** What the engine finds its daemon, its proxies and its logins by. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program's own folder. */
  readonly root: string;
  /** `dispatch.image` as it is; null where nothing is set up yet. */
  readonly inUse: string | null;
}

const ENGINES = ["docker", "podman"] as const;
const ANSWER_MS = 10_000;

export async function buildImage({ engine: asked, tag, pull }: Options, builder: Builder): Promise<Built> {
  const name = tag ?? AGENT_IMAGE;
  const engine = await findEngine(asked, builder);
  const context = join(builder.root, "images", "agent");
  const result = await execa(engine, ["build", ...(pull ? ["--pull"] : []), "--tag", name, context], {
    env: builder.env,
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    stdout: process.stderr,
    stderr: "inherit",
  });
  if (result.exitCode === 0) return { tag: name, engine, inUse: (builder.inUse ?? AGENT_IMAGE) === name };
  throw new Refusal(
    `building ${name}: ${engine} ended with ${result.signal ?? result.exitCode ?? result.shortMessage}`,
    "It says above what was wrong. It needs a registry for the base image, npm's registry and Debian's.",
  );
}

/** `version` asks the daemon too, where there is one. */
async function findEngine(asked: Options["engine"], { env }: Builder): Promise<string> {
  const problems: string[] = [];
  for (const engine of asked === null ? ENGINES : [asked]) {
    const options = { env, extendEnv: false, reject: false, stdin: "ignore", timeout: ANSWER_MS } as const;
    const { exitCode, code, stderr } = await execa(engine, ["version"], options);
    if (exitCode === 0) return engine;
    const why =
      code === "ENOENT" ? "is not installed" : (stderr.trim().split("\n").at(-1) ?? "does not answer");
    problems.push(`${engine} ${why}`);
  }
  throw new Refusal(
    `building the image: ${problems.join("; ")}`,
    "Install docker or podman, and let this user use it.",
  );
}
