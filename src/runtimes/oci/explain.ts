/** Says what to do when an engine would not start a container. */
import { Refusal } from "../../model/errors.ts";
import type { StartSpec } from "../runtime.ts";

const FIXES: readonly (readonly [RegExp, string])[] = [
  [
    /bind source path does not exist|statfs .*: no such file/i,
    "The engine does not see the bot's folders: where it or the bot is in a machine or container of its own, give both the same folder at the same path.",
  ],
  [
    /gpu|nvidia|cdi|could not select device driver/i,
    "Install the NVIDIA container toolkit and set it up for this engine, or take `dispatch.gpu` out of agents.yaml.",
  ],
  [
    /slirp4netns|pasta|\/dev\/net\/tun/i,
    "Rootless podman needs slirp4netns (or pasta) and /dev/net/tun for a network; or set `network: none`.",
  ],
  [
    /subuid|subgid|newuidmap|newgidmap|user namespaces/i,
    "Rootless engines need the package uidmap, and ranges for the bot's user in /etc/subuid and /etc/subgid.",
  ],
  [/no space left/i, "Free some space on the engine's disk."],
  [/no such image|image not known/i, "The image was removed meanwhile: retry the run."],
  [/init binary|docker-init|catatonit/i, "Install tini (docker) or catatonit (podman)."],
  [
    /cgroup/i,
    "See which cgroup version and manager the engine is set up for (`info`), or use another engine.",
  ],
];

export function explainStart({ argv }: StartSpec, words: string, engine: string): Refusal {
  const fix =
    FIXES.find(([pattern]) => pattern.test(words))?.[1] ?? `Try \`${engine} run\` by hand on that machine.`;
  return new Refusal(`starting ${argv[0]}: ${engine} would not start its container: ${words}`, fix);
}
