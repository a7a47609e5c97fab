/**
 * The folder a server process has for itself while it lives. Alone on a machine that is DATA_DIR. Processes of one
 * role, which may share a DATA_DIR, each take the first free numbered place in it and find it again in their next life.
 */
import { join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { claimSlot, holdDataFolder } from "../store/data-folder.ts";

export interface Place {
  /** With the folders of this process. */
  readonly config: Config;
  /** The same in the process's next life. */
  readonly worker: string;
  release(): void;
}

/** Rejects with a Refusal that names the other process when the folder is taken. */
export async function takePlace(config: Config): Promise<Place> {
  if (config.role === "all") return { config, ...(await holdDataFolder(config.dataDir, "server")) };
  const { dir, worker, release } = await claimSlot(config.dataDir, config.role);
  const slot = relative(config.dataDir, dir);
  const inside = relative(config.dataDir, config.workspaceRoot);
  const workspaceRoot = inside.startsWith("..") ? join(config.workspaceRoot, slot) : join(dir, inside);
  return { config: { ...config, dataDir: dir, workspaceRoot }, worker, release };
}
