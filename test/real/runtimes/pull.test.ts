/** Images that are not there are pulled, from a registry of this test's own; what a registry refuses is said plainly. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ENGINE_ENV, engine, printed, runtimeIn, skipReason, specOf } from "./engine.ts";
import { startRegistry } from "./registry.ts";

/** A tar of busybox as a shell: all that these images need. */
async function smallRoot(dir: string): Promise<Buffer> {
  await mkdir(join(dir, "bin"), { recursive: true });
  await copyFile("/bin/busybox", join(dir, "bin/busybox"));
  for (const applet of ["sh", "rm"]) await symlink("busybox", join(dir, "bin", applet));
  return execFileSync("tar", ["-C", dir, "-cf", "-", "."], { maxBuffer: 2 ** 26 });
}

async function stage(t: TestContext, name: "docker" | "podman", isPrivate = false) {
  const root = await mkdtemp(join(tmpdir(), "pull-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const layer = await smallRoot(join(root, "root"));
  const registry = await startRegistry(layer, isPrivate);
  t.after(() => registry.close());
  const conf = join(root, "registries.conf");
  await writeFile(conf, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  const runtime = runtimeIn(name, root, { env: { ...ENGINE_ENV, CONTAINERS_REGISTRIES_CONF: conf } });
  return { root, registry, runtime };
}

for (const name of ["docker", "podman"] as const) {
  describe(`images for ${name}`, { skip: await skipReason(name) }, () => {
    test("a missing image is pulled by its digest, with its progress told", async (t) => {
      const { root, registry, runtime } = await stage(t, name);
      const image = `${registry.host}/acme/agents@${registry.digest}`;
      const progress: string[] = [];
      const handle = await runtime.start(await specOf(root, "echo pulled", { image }), (text) =>
        progress.push(text),
      );
      t.after(async () => {
        await runtime.remove(handle);
        engine(name, "image", "rm", image);
      });
      assert.equal(await printed({ runtime, handle }), "pulled\n");
      assert.match(
        progress.at(-1) ?? "",
        new RegExp(`^pulling ${registry.host}/acme/agents@sha256:.*: 1 of 1 layers$`),
      );
    });

    test("a private image without a login names the registry's answer and the login", async (t) => {
      const { root, registry, runtime } = await stage(t, name, true);
      const spec = await specOf(root, "true", { image: `${registry.host}/acme/private:1` });
      await assert.rejects(runtime.start(spec), {
        name: "Refusal",
        message: /finding the image .*private:1: its registry gives it to nobody without a login/,
        fix: new RegExp(`\`${name} login\``),
      });
      assert.deepEqual(await runtime.list(), []);
    });

    test("what can not be had says so: nobody answers there, or it is a name of this machine alone", async (t) => {
      const { root, runtime } = await stage(t, name);
      for (const image of ["127.0.0.1:9/acme/agents:1", "localhost/agent-dispatch-nowhere:1"]) {
        const spec = await specOf(root, "true", { image });
        await assert.rejects(runtime.start(spec), {
          name: "Refusal",
          message: /it is not here/,
          fix: /Build or load/,
        });
      }
    });
  });
}
