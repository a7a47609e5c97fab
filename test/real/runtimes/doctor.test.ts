/** The doctor on the real engines of this machine, as an admin runs it. The forge is out of reach, which it says. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import type { Diagnosis } from "../../../src/model/finding.ts";
import { makePlace } from "../../invariants/server.ts";
import { ENGINE_ENV, skipReason } from "./engine.ts";
import { IMAGE } from "./image.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "src", "main.ts");
const HELD = [
  ...["ready", "user", "capabilities", "new privileges", "system folders", "files of the host"],
  ...["engine's socket", "bot's environment", "own folders", "work", "network none: this machine"],
  ...["limit of memory", "limit of cpus", "limit of pids", "exit code", "death by signal"],
  ...["adoption", "leftovers"],
];

for (const name of ["docker", "podman"] as const) {
  describe(`the doctor on ${name}`, { skip: await skipReason(name) }, () => {
    test("finds that it holds its agents to everything that is asked for", async (t) => {
      const place = await makePlace(`
        dispatch: { agent: mine, image: "${IMAGE}", memory: 256m, cpus: 1, pids: 64 }
        agents: { mine: { runtime: ${name}, network: none, custom: { argv: [sh, -c, "exit 0"], success: exit } } }
      `);
      t.after(() => place.remove());
      const forge = { FORGEJO_URL: "http://127.0.0.1:9", FORGEJO_TOKEN: "x".repeat(40) };
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [MAIN, "doctor", "--runtime", name, "--json"],
        {
          cwd: place.cwd,
          env: {
            ...ENGINE_ENV,
            ...forge,
            HOME: place.home,
            DATA_DIR: place.data,
            FORGEJO_WEBHOOK_SECRET: "s".repeat(32),
          },
        },
      );
      const { ok, findings } = JSON.parse(stdout) as Diagnosis;
      const of = (result: string) =>
        findings.filter((one) => one.result === result).map(({ check }) => check);
      assert.deepEqual([ok, of("fail")], [true, []]);
      assert.deepEqual(of("pass"), HELD);
      assert.deepEqual(of("warn"), ["network none: by name", "network none: by address", "network open"]);
    });
  });
}
