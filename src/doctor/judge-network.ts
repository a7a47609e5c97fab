/** Judges what a trial agent reached. Pure. */
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import { type Facts, first } from "./script.ts";

export interface Reach {
  readonly network: "open" | "none";
  /** The outside host that was tried, and whether the bot itself reaches it. */
  readonly outside: {
    readonly host: string;
    readonly port: number;
    readonly address: string | null;
    readonly byBot: boolean;
  };
  /** How often somebody came to the port that the doctor listened on. */
  readonly visits: number;
  /** Why the runtime cannot hold agents to a network; null when it says that it can. */
  readonly lacks: string | null;
  readonly demanded: boolean;
}

const TOOLS = "no node, python3, bash or nc in the image to try it with";

export function judgeReach(facts: Facts, reach: Reach): readonly Judged[] {
  return reach.network === "none" ? closed(facts, reach) : open(facts, reach);
}

function closed(facts: Facts, reach: Reach): readonly Judged[] {
  const { outside, visits } = reach;
  const unknown = ["name", "address"].every((by) => ["unknown", null].includes(first(facts, `reach-${by}`)));
  if (unknown && visits === 0)
    return [warns("network none", `could not be tried: ${TOOLS}`, "put one of them into the image")];
  const name = first(facts, "reach-name");
  return [
    name === "yes" || name === "named"
      ? leak("network none: by name", `${outside.host} was ${name === "yes" ? "reached" : "resolved"}`, reach)
      : tried("network none: by name", reach),
    first(facts, "reach-address") === "yes"
      ? leak("network none: by address", `${outside.address} was reached`, reach)
      : tried("network none: by address", reach),
    visits > 0
      ? leak("network none: this machine", "a port of the host was reached", reach)
      : passes("network none: this machine", "a port of the host is not reached"),
  ];
}

/** Nothing reached proves nothing when the bot does not reach it either. */
function tried(check: string, { outside }: Reach): Judged {
  if (outside.byBot) return passes(check, `${outside.host} is not reached`);
  const detail = `${outside.host} is not reached, but this machine does not reach it either`;
  return warns(check, detail, "try again when it does");
}

function open(facts: Facts, { outside, visits }: Reach): readonly Judged[] {
  const check = "network open";
  const found = [first(facts, "reach-name"), first(facts, "reach-address")];
  if (found.every((word) => word === null || word === "unknown"))
    return [warns(check, `could not be tried: ${TOOLS}`, "put one of them into the image")];
  const ports = visits > 0 ? "; the ports of this machine are reached too" : "";
  if (found[0] === "yes") return [passes(check, `${outside.host} is reached${ports}`)];
  if (!outside.byBot)
    return [warns(check, `${outside.host} is not reached, nor by this machine`, "see to its network")];
  const how = found[1] === "yes" ? "by its address, but not by its name" : "neither by name nor by address";
  return [fails(check, `${outside.host} is reached ${how}`, "see to the engine's network and name servers")];
}

function leak(check: string, detail: string, { lacks, demanded }: Reach): Judged {
  if (lacks !== null && !demanded) return warns(check, detail, lacks);
  return fails(check, detail, lacks ?? "do not rely on dispatch.network with this runtime");
}
