/**
 * Who an agent is inside its container, so that it can work on the run's folders and the bot can read and delete
 * everything afterwards, whatever the agent made of it. Never root of the host, and without any capability.
 *
 * - A bot that is not root has its own user inside: what the agent makes is the bot's. In rootless docker that user is
 *   called 0 inside; rootless podman is told to keep its number.
 * - A bot that is root gives the folders to another user first, and reads everything anyway.
 */
import type { Owner } from "../container/give.ts";
import type { EngineFacts } from "./info.ts";

export interface User {
  /** Options of the container. */
  readonly options: readonly string[];
  /** Whom the run's folders are to be given to; null where they are the agent's already. */
  readonly give: Owner | null;
}

export function userOf(
  bot: Owner,
  chosen: Owner,
  { rootless, remaps, selinux }: EngineFacts,
  name: "docker" | "podman",
): User {
  const labels = selinux ? ["--security-opt", "label=disable"] : [];
  const as = ({ uid, gid }: Owner) => ["--user", `${uid}:${gid}`, ...labels];
  if (rootless && name === "docker") return { options: as({ uid: 0, gid: 0 }), give: null };
  if (rootless) return { options: [...as(bot), "--userns", "keep-id"], give: null };
  const own = remaps ? ["--userns", "host"] : [];
  if (bot.uid !== 0) return { options: [...as(bot), ...own], give: null };
  return { options: [...as(chosen), ...own], give: chosen };
}
