/** Images: found by name or digest, and pulled when missing, once for all who wait for the same. */
import { Refusal } from "../../model/errors.ts";
import { type Call, wordsOf } from "../container/cli.ts";
import type { Dialect } from "./dialects.ts";

export interface Image {
  readonly id: string;
  /** Where its programs are, as it says itself. */
  readonly path: string;
}

export interface Images {
  /** Tells how far a pull is, in a few words each. */
  find(name: string, tell: (progress: string) => void): Promise<Image>;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
export function createImages(call: Call, dialect: Dialect): Images {
  const pulls = new Map<string, Promise<Image>>();
  const look = async (name: string) => {
    const { code, stdout } = await call(["image", "inspect", name]);
    return code === 0 ? parseImage(stdout) : null;
  };
  const pull = async (name: string, tell: (progress: string) => void) => {
    if (/^localhost\//.test(name))
      throw missing(name, "it is not here, and localhost/ is no registry", BUILD);
    const progress = readProgress((text) => tell(`pulling ${name}: ${text}`));
    const answer = await call(["pull", name], { timeoutMs: null, onLine: progress });
    if (answer.code !== 0) throw explainPull(name, wordsOf(answer), dialect.name);
    const image = await look(name);
    if (image === null) throw missing(name, "it was pulled and is not here", BUILD);
    return image;
  };
  return {
    async find(name, tell) {
      return (await look(name)) ?? (await once(pulls, name, () => pull(name, tell)));
    },
  };
}

/** Who asks while it runs shares it. */
async function once<T>(running: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const started = running.get(key) ?? work().finally(() => running.delete(key));
  running.set(key, started);
  return await started;
}

function parseImage(stdout: string): Image | null {
  const [found] = JSON.parse(stdout) as { Id?: string; Config?: { Env?: string[] | null } | null }[];
  if (!found?.Id) return null;
  const path = found.Config?.Env?.find((row) => row.startsWith("PATH="))?.slice("PATH=".length);
  return { id: found.Id, path: path || DEFAULT_PATH };
}

const BUILD = "Build or load the image on this machine, or name another one (`dispatch.image`).";

function missing(name: string, why: string, fix: string): Refusal {
  return new Refusal(`finding the image ${name}: ${why}`, fix);
}

/** Registries say "denied" both of what is private and of what is not there, so that nobody learns which. */
function explainPull(name: string, words: string, engine: string): Refusal {
  if (/denied|unauthorized|authentication required|no basic auth/i.test(words)) {
    const fix = `If it is private, run \`${engine} login\` for its registry as the bot's user; else check the name.`;
    return missing(name, `its registry gives it to nobody without a login: ${words}`, fix);
  }
  return missing(name, `it is not here and can not be pulled: ${words}`, BUILD);
}

/**
 * Layers, as both engines name them when nobody looks: docker each at its end (`id: Pull complete`), podman each at its
 * beginning (`Copying blob id`), and then what comes after the last.
 */
function readProgress(tell: (text: string) => void): (line: string) => void {
  const layers = new Set<string>();
  const done = new Set<string>();
  return (line) => {
    const id = /^([0-9a-f]{12}): |^Copying blob (?:sha256:)?([0-9a-f]{12})/
      .exec(line)
      ?.slice(1)
      .find(Boolean);
    if (id !== undefined) layers.add(id);
    else if (!/^Copying config/.test(line)) return;
    if (id === undefined) for (const layer of layers) done.add(layer);
    else if (/Pull complete|Already exists|done$|skipped/.test(line)) done.add(id);
    tell(`${done.size} of ${layers.size} layers`);
  };
}
