/** What an agent is held to in a real container: read from the kernel's own files inside it, not from our options. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { engine, opens, printed, runtimeIn, skipReason, specOf, startSh, untilSaid } from "./engine.ts";
import { IMAGE_PATH } from "./image.ts";

const MIB = 1024 ** 2;
const CANARY = "canary-value-of-the-environment";
const me = process.getuid?.() ?? 0;
const inside = me === 0 ? { uid: 1000, gid: 1000 } : { uid: me, gid: process.getgid?.() ?? 0 };

for (const name of ["docker", "podman"] as const) {
  describe(`an agent in ${name}`, { skip: await skipReason(name) }, () => {
    test("is nobody of power: not root, without capabilities, and none to be gained", async (t) => {
      const sh = "id -u; id -g; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status";
      const text = await printed(await startSh(t, name, sh));
      assert.match(text, new RegExp(`^${inside.uid}\n${inside.gid}\n`));
      for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"])
        assert.match(text, new RegExp(`Cap${set}:\\s0{16}\n`));
      assert.match(text, /NoNewPrivs:\s1\n/);
      assert.match(text, /Seccomp:\s2\n/);
    });

    test("writes in its own folders and its own /tmp, where it may run what it wrote, and nowhere else", async (t) => {
      const sh = `for dir in / /etc /usr /bin /run /var/tmp /workspace /root; do
          (: >"$dir/x") 2>/dev/null && echo "writable: $dir"; done
        for dir in /workspace/repo /workspace/.meta /home/agent /tmp; do echo yes >"$dir/x" && echo "mine: $dir"; done
        printf '#!/bin/sh\necho ran' >/tmp/program; chmod +x /tmp/program; /tmp/program; ls -A /workspace | sort`;
      const { handle, runtime, spec } = await startSh(t, name, sh);
      const own = ["/workspace/repo", "/workspace/.meta", "/home/agent", "/tmp"].map(
        (dir) => `mine: ${dir}\n`,
      );
      assert.equal(await printed({ runtime, handle }), `${own.join("")}ran\n.launch\n.meta\nrepo\n`);
      assert.deepEqual(await readdir(spec.folders.checkout), ["x"]);
    });

    test("finds git content with its checkout, and HOME and PATH as they are inside", async (t) => {
      const sh =
        'git init -q . && git status --short && git commit -q --allow-empty -m x && echo "$HOME $PATH"';
      const env = {
        HOME: "/home/agent",
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@b",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@b",
      };
      assert.equal(await printed(await startSh(t, name, sh, { env })), `/home/agent ${IMAGE_PATH}\n`);
    });

    test("leaves nothing that the bot can not read and delete", async (t) => {
      const sh =
        "mkdir -p deep/er && echo secret >deep/er/file && chmod 000 deep/er/file deep/er deep && ln -s /etc/shadow link";
      const { runtime, handle, spec } = await startSh(t, name, sh);
      await runtime.wait(handle);
      assert.equal((await lstat(join(spec.folders.checkout, "deep"))).uid, inside.uid);
      await chmod(join(spec.folders.checkout, "deep"), 0o700);
      await rm(join(spec.folders.checkout), { recursive: true });
    });

    test("gets the limits that were set, swap included", async (t) => {
      const limits = { memoryBytes: 96 * MIB, cpus: 0.5, pids: 64 };
      const sh = `cd /sys/fs/cgroup
        if [ -f memory.max ]; then cat memory.max memory.swap.max cpu.max pids.max
        else cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max; fi`;
      const values = (await printed(await startSh(t, name, sh, { limits }))).trim().split("\n");
      const [memory, swap, cpu, pids] = values;
      assert.equal(memory, `${96 * MIB}`);
      // The new kind counts swap alone, the old one memory and swap together.
      assert.ok(swap === "0" || swap === `${96 * MIB}`, swap);
      assert.match(cpu ?? "", /^50000/);
      assert.equal(pids, "64");
    });

    test("that runs out of memory is told so; one that we killed is not", async (t) => {
      const limits = { memoryBytes: 48 * MIB, cpus: null, pids: null };
      const hungry = await startSh(t, name, "exec tail /dev/zero", { limits });
      const { endedAt, ...exit } = await hungry.runtime.wait(hungry.handle);
      assert.deepEqual(exit, { code: null, signal: "SIGKILL", outOfMemory: true });
      assert.ok(Math.abs((endedAt ?? 0) - Date.now()) < 60_000);
      const deaf = await startSh(t, name, "trap '' TERM; echo ready; while :; do sleep 0.1; done", {
        limits,
      });
      await untilSaid(deaf, "ready");
      await deaf.runtime.stop(deaf.handle, 100);
      assert.equal((await runtimeIn(name, deaf.root).wait(deaf.handle)).outOfMemory, false);
    });

    test("without a network has its own loopback alone", async (t) => {
      const js = 'require("net").connect(80, "1.1.1.1").on("error", (e) => console.log(e.code))';
      const sh = `cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '; node -e '${js}'`;
      const text = await printed(await startSh(t, name, sh));
      assert.equal(text, "lo\nENETUNREACH\n");
    });

    test("with an open one has a way out", async (t) => {
      const sh = "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '; wc -l </proc/net/route";
      const text = await printed(await startSh(t, name, sh, { network: "open" }));
      assert.match(text, /eth0|tap0/);
    });

    test("sees what is made visible at the same path, can not write it, and reaches a socket there", async (t) => {
      const dir = await mkdtemp(join(tmpdir(), "visible,"));
      t.after(() => rm(dir, { recursive: true }));
      await chmod(dir, 0o755);
      const server = createServer((socket) => socket.end("from the host\n"));
      await new Promise<void>((resolve) => server.listen(join(dir, "socket"), resolve));
      t.after(() => server.close());
      await chmod(join(dir, "socket"), 0o666);
      const js = `require("net").connect(${JSON.stringify(join(dir, "socket"))}).pipe(process.stdout)`;
      const sh = `(: >'${dir}/x') 2>/dev/null && echo writable; ls '${dir}'; node -e '${js}'`;
      assert.equal(await printed(await startSh(t, name, sh, { visible: [dir] })), "socket\nfrom the host\n");
    });

    test("keeps its environment and prompt from the engine, from ps and from the disk", async (t) => {
      const env = { SECRET: CANARY };
      const sh = 'test "$(cat)" = "$SECRET" && echo same; while :; do sleep 0.1; done';
      const run = await startSh(t, name, sh, { env, stdin: CANARY });
      await untilSaid(run, "same");
      assert.ok(!engine(name, "inspect", run.handle.ref).includes(CANARY));
      for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
        let cmdline = "";
        try {
          cmdline = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          // It has ended.
        }
        assert.ok(!cmdline.includes(CANARY), cmdline);
      }
      const left = await readdir(join(run.spec.folders.logs, "launch.1"));
      assert.deepEqual(left.sort(), ["stderr", "stdout"]);
    });

    test("of an earlier attempt can not have its links followed when the folders change hands", async (t) => {
      const { runtime, root } = await opens(name)(t);
      const outside = join(root, "outside");
      await mkdir(outside);
      const spec = await specOf(root, `ln -s '${outside}' link; ln -s '${root}' ../.meta/link; true`);
      const first = await runtime.start(spec);
      await runtime.wait(first);
      await runtime.remove(first);
      const before = await lstat(outside);
      const second = await runtime.start({ ...spec, attempt: 2 });
      await runtime.wait(second);
      await runtime.remove(second);
      const { uid, gid } = await lstat(outside);
      assert.deepEqual([uid, gid], [before.uid, before.gid]);
    });
  });
}
