/** The way to the network out of the containers of this machine's engines, as any user of theirs. */
import { type Cage, relaySuite } from "../../egress/relay.ts";
import { type EngineName, skipReason } from "./engine.ts";
import { IMAGE } from "./image.ts";

const container = (engine: EngineName): Cage => ({
  name: `a container of ${engine}`,
  argv: ({ folder }, env) => [
    ...[engine, "run", "--rm", "-i", "--pull=never", "--network", "none", "--init", "--read-only"],
    ...["--user", "1234:1234", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--mount", `type=bind,source=${folder},target=${folder},readonly`],
    ...Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    IMAGE,
  ],
});

for (const engine of ["docker", "podman"] as const) relaySuite(container(engine), await skipReason(engine));
