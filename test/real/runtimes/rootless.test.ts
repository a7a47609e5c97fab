/**
 * The runtime contract on podman without root: by a bot that is an ordinary user, whom CI makes. It is the whole
 * `podman.test.ts` over again, as that user, in a mount namespace where the project stands at a path everybody may enter.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

const USER = "dispatch-rootless";
const PROJECT = join(import.meta.dirname, "..", "..", "..");
const SEEN_AT = "/mnt";

function numberOf(kind: "u" | "g"): number | null {
  const { status, stdout } = spawnSync("id", [`-${kind}`, USER], { encoding: "utf8" });
  return status === 0 ? Number(stdout) : null;
}

const user = { uid: numberOf("u"), gid: numberOf("g") };
const missing = user.uid === null || process.getuid?.() !== 0;
const skip = missing && !process.env.CI ? `needs root and a user ${USER}, as .ci/engines makes` : false;

describe("podman, rootless", { skip }, () => {
  test("keeps the whole contract for a bot that is no root", { timeout: 600_000 }, async (t) => {
    assert.ok(user.uid !== null && user.gid !== null, `there is no user ${USER}`);
    const runtimeDir = mkdtempSync(join(tmpdir(), "rootless-"));
    chownSync(runtimeDir, user.uid, user.gid);
    t.after(() => rmSync(runtimeDir, { recursive: true, force: true }));
    const env = {
      PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: `/home/${USER}`,
      XDG_RUNTIME_DIR: runtimeDir,
      CI: "true",
      ...(process.env.CONTAINERS_CONF && { CONTAINERS_CONF: process.env.CONTAINERS_CONF }),
    };
    const become = ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups", "--"];
    const node = process.execPath.replace(PROJECT, SEEN_AT);
    const tests = [node, "--test", "--test-reporter=tap", `${SEEN_AT}/test/real/runtimes/podman.test.ts`];
    const enter = `mount --bind "$1" ${SEEN_AT}; cd ${SEEN_AT}; shift; exec "$@"`;
    const { stdout } = await promisify(execFile)(
      "unshare",
      ["--mount", "sh", "-ec", enter, "sh", PROJECT, ...become, ...tests],
      { env, maxBuffer: 16 << 20 },
    ).catch((error: { readonly stdout?: string }) => assert.fail(error.stdout ?? String(error)));
    assert.match(stdout, /^# fail 0$/m);
    const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
    t.diagnostic(`${passed} passed`);
    assert.ok(passed > 20);
  });
});
