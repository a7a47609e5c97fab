/** `npm run test:image`: both Dockerfiles, really built and tried, on a stand-in for the base images. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { makeBases } from "./base.ts";

const remove = await makeBases(["docker", "podman"]);
// At once: they wait for the network and the disk more than for a processor.
try {
  const files = globSync("*.test.ts", { cwd: import.meta.dirname }).map(
    (file) => `${import.meta.dirname}/${file}`,
  );
  const child = spawn(
    process.execPath,
    ["--test", "--test-concurrency=3", "--test-reporter=spec", ...files],
    { stdio: "inherit" },
  );
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  remove();
}
