/** A trial agent tries to reach an outside host, by name and by address, and a port of this machine. */
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { ForgeConfig } from "../config/config.ts";
import type { Judged } from "../model/finding.ts";
import type { DoctorDeps } from "./doctor.ts";
import { judgeReach, type Reach } from "./judge-network.ts";
import { type Patient, shell, TRIAL_MS } from "./runtimes.ts";
import { REACH } from "./script.ts";
import { attempt, factsOf } from "./trial.ts";

/** The bot's own try is no longer than an agent's. */
const TRY_MS = 4_000;
const MOST_ADDRESSES = 8;

export async function reachOut(
  { config, bench }: DoctorDeps,
  { runtime, lacks, demands, image }: Patient,
  network: "open" | "none",
): Promise<readonly Judged[]> {
  const outside = await outsideOf(config.forges[0]);
  const door = await listen();
  try {
    const targets = [
      ["name", outside.host, outside.port],
      ["address", outside.address ?? outside.host, outside.port],
      ...addresses().map((address) => ["machine", address, door.port]),
    ].flat();
    const start = { ...shell(REACH, ...targets.map(String)), image, network };
    const ended = await attempt(bench, runtime, start, TRIAL_MS);
    return judgeReach(factsOf(ended), {
      network,
      outside,
      visits: door.visits(),
      lacks: lacks.network ?? null,
      demanded: demands.has("network"),
    });
  } finally {
    await door.close();
  }
}

/** The forge: what is near enough to be reached, and what an agent has no business with. */
async function outsideOf(forge: ForgeConfig | undefined): Promise<Reach["outside"]> {
  const url = new URL(addressOf(forge));
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (url.protocol === "http:" ? 80 : 443);
  const address = await lookup(host).then(
    (found) => found.address,
    () => null,
  );
  return { host, port, address, byBot: await reaches(host, port) };
}

/** Where a forge's API is asked. */
export function addressOf(forge: ForgeConfig | undefined): string {
  if (forge?.kind === "forgejo") return forge.url;
  return forge?.baseUrl ?? "https://api.github.com";
}

async function reaches(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(TRY_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A port of this machine, on all its addresses, for as long as one trial takes. It reads nothing and says nothing. */
async function listen() {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.on("error", () => {}).destroy();
  });
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    visits: () => visits,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Bridges of engines are among them: by these a container gets at its host. */
function addresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address)
    .slice(0, MOST_ADDRESSES);
}
