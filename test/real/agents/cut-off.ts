/** A real CLI in a network namespace of its own, with nothing in it but the relay, and a proxy outside that holds its key. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "../../../src/agents/agent.ts";
import { createEgress, type Egress } from "../../../src/egress/egress.ts";
import { proxyVariables, wrapArgv } from "../../../src/egress/wrap.ts";
import { openSandbox, type Ran, type Sandbox } from "./sandbox.ts";

export interface CutOff {
  readonly sandbox: Sandbox;
  readonly egress: Egress;
  /** `keys`: those of the server; the run gets none of them. */
  run(agent: Agent, keys: Readonly<Record<string, string>>, model?: string): Promise<Ran>;
}

export const RUN = { runId: "cut-off", attempt: 1 };

export async function inCutOff(body: (place: CutOff) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "cut-off-"));
  const sandbox = openSandbox();
  const egress = createEgress({ dir, env: {}, outer: { http: null, https: null, except: "" } });
  try {
    await body({
      sandbox,
      egress,
      async run(agent, keys, model) {
        const provider = agent.provider(model ?? null);
        if (provider?.baseUrl == null) throw new Error(`${agent.name} has no provider to stand for`);
        const held = provider.keys.find(({ variable }) => keys[variable] !== undefined) ?? null;
        const way = await egress.open({
          ...RUN,
          allow: [],
          provider: {
            baseUrl: provider.baseUrl,
            key: held && { header: held.header, value: keys[held.variable] ?? "" },
          },
          lifeMs: 600_000,
        });
        if (way.endpoint === null) throw new Error("there is no endpoint");
        return await sandbox.run(agent, {
          prompt: "Write a greeting.",
          ...(model !== undefined && { model }),
          secrets: keys,
          endpoint: { ...way.endpoint, variable: held?.variable ?? null },
          env: proxyVariables(),
          wrap: (argv) => ["bwrap", ...BWRAP, ...wrapArgv(way.folder, process.execPath, argv)],
        });
      },
    });
  } finally {
    await egress.remove(RUN);
    sandbox.remove();
    rmSync(dir, { recursive: true, force: true });
  }
}

const BWRAP = [
  "--dev-bind",
  "/",
  "/",
  "--unshare-net",
  "--unshare-pid",
  "--proc",
  "/proc",
  "--die-with-parent",
];

/** Every file below a folder that holds the text. */
export function filesWith(text: string, folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
