/** A trial agent looks around: as whom, with which rights, and what of the host it sees. */
import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fails, type Judged, passes } from "../model/finding.ts";
import type { DoctorDeps } from "./doctor.ts";
import { judgeConfinement } from "./judge-confinement.ts";
import { type Patient, shell, TRIAL_MS } from "./runtimes.ts";
import { LOOK } from "./script.ts";
import { factsOf, follow, makeFolders, specOf } from "./trial.ts";

const SYSTEM = [
  "/",
  "/bin",
  "/etc",
  "/lib",
  "/opt",
  "/root",
  "/sbin",
  "/srv",
  "/usr",
  "/usr/local",
  "/var",
  "/var/lib",
];

export async function lookAround(deps: DoctorDeps, patient: Patient): Promise<readonly Judged[]> {
  const { bench } = deps;
  const secret = randomUUID();
  const canaries = await plant(deps, secret);
  const runId = bench.newId();
  try {
    const folders = await makeFolders(bench, runId);
    const { checkout, meta, home } = patient.runtime.paths(folders);
    const { pid, uid } = deps.surroundings;
    const argv = shell(
      LOOK,
      ...[secret, String(pid)],
      ...[...canaries.placed, "--", ...socketsOf(uid), "--"],
      ...[...SYSTEM, ...canaries.folders, "--", checkout, meta, home],
    );
    const spec = specOf(bench, patient.runtime, runId, folders, { ...argv, image: patient.image });
    const ended = await follow(patient.runtime, spec, TRIAL_MS);
    const judged = judgeConfinement(factsOf(ended), {
      runtime: patient.runtime.name,
      lacks: patient.lacks.files ?? null,
      demanded: patient.demands.has("files"),
      botStart: await startOf(pid),
      unplaced: canaries.unplaced,
    });
    return [...judged, await readBack(join(folders.checkout, ".doctor"), secret)];
  } finally {
    for (const file of canaries.placed) await rm(file, { force: true });
    await rm(join(bench.root, runId), { recursive: true, force: true });
  }
}

/** A file to look for in each folder that agents should not see. */
async function plant({ config, surroundings, bench }: DoctorDeps, secret: string) {
  const places = [config.dataDir, config.baseEnv.HOME, surroundings.cwd];
  const folders = [...new Set(places.filter((folder) => folder !== undefined))];
  const placed: string[] = [];
  const unplaced: string[] = [];
  for (const folder of folders) {
    const file = join(folder, `.doctor-${bench.newId()}`);
    const isThere = await writeFile(file, secret, { flag: "wx", mode: 0o600 }).then(
      () => true,
      () => false,
    );
    if (isThere) placed.push(file);
    else unplaced.push(folder);
  }
  return { folders, placed, unplaced };
}

function socketsOf(uid: number | null): readonly string[] {
  const ofAll = ["/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock"];
  const own = `/run/user/${uid}`;
  return uid === null ? ofAll : [...ofAll, `${own}/docker.sock`, `${own}/podman/podman.sock`];
}

/** As the trial agent reads it: the twentieth field behind the name. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return stat?.replace(/.*\) /, "").split(" ")[19] ?? null;
}

/** The agent wrote it for itself alone. */
async function readBack(file: string, secret: string): Promise<Judged> {
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === secret) return passes("work", "the bot reads what an agent wrote");
  return fails(
    "work",
    "the bot cannot read what an agent wrote",
    "let the engine's user map keep the ids of the server's user",
  );
}
