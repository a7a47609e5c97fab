/** Attacks that look for what is not theirs. What they found stands in `found.txt` of the checkout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stage } from "./stage.ts";

const words = (paths: readonly string[]) => paths.map((path) => `'${path}'`).join(" ");

export function looking(stage: () => Stage): void {
  /** It found something, so that the attack is known to have run, but nothing of anybody else's. */
  const finds = async (script: string, more: Readonly<Record<string, string>> = {}) => {
    const { canaries, attack } = stage();
    const attacked = await attack({
      script: `{ ${script}\n} > found.txt 2>&1\necho looked >> found.txt\necho DONE looked`,
      files: { ".gitignore": "found.txt\n", ...more },
    });
    const found = await attacked.left("found.txt");
    assert.match(found.toString("latin1"), /looked\n$/);
    assert.deepEqual(canaries.foundIn(found), []);
    return found.toString("latin1");
  };

  test("one that dumps its environment and every process's finds none of the server's", async () => {
    const found = await finds(
      "env; cat /proc/*/environ /proc/*/cmdline /proc/*/task/*/environ; ls -l /proc/*/cwd /proc/*/exe /proc/*/fd",
    );
    const { config } = stage().bot;
    for (const [name, secret] of Object.entries(config.secrets))
      if (name !== "HOSTILE_KEY") assert.ok(!found.includes(secret), `${name} was found`);
    assert.match(found, /AGENT_DISPATCH_RUN=/);
  });

  test("one that reads the disk finds no file of the host, by name or behind other processes' roots", async () => {
    const { files, elsewhere } = stage().canaries;
    const { dataDir } = stage().bot.config;
    const found = await finds(
      `cat ${words(files)} /etc/shadow /root/.ssh/* /proc/1/root${files[0]} /proc/*/cwd/.env
       for root in /proc/[0-9]*/root; do cat "$root${files[0]}" "$root${files[1]}"; done
       ls -la ${words([elsewhere, dataDir, `${dataDir}/workspace/local/other`])} /root /home
       find / -xdev -name 'secret.txt' -not -path '/proc/*' -exec cat {} +`,
    );
    assert.doesNotMatch(found, /^root:[^:]*:\d+:\d*:/m, "/etc/shadow");
  });

  test("one that reads all of git's files finds no credential", async () => {
    const found = await finds(
      `git config --list --show-origin; find .git -type f -exec cat {} +
       cat ~/.gitconfig ~/.git-credentials ~/.netrc ~/.config/git/*; git remote -v; git credential fill </dev/null`,
    );
    const { bot } = stage();
    for (const secret of [stage().world.bot.token, bot.config.secrets.FORGE_TOKEN ?? ""])
      assert.ok(!found.includes(secret));
  });

  test("one that asks the network reaches no server of the host, and no name is resolved", async () => {
    const { servers } = stage().canaries;
    const knock = `
      import { connect } from "node:net";
      import { lookup, resolve4 } from "node:dns/promises";
      const say = (...words) => console.log(...words);
      for (const name of ["example.com", "host.docker.internal", "host.containers.internal"])
        await lookup(name).then(({ address }) => say("resolved", name, address), (error) => say("unknown", name, error.code));
      await resolve4("example.com").then(() => say("resolved by a server"), (error) => say("no server", error.code));
      for (const server of ${JSON.stringify(servers)}) {
        const [host, port] = server.split(":");
        await new Promise((done) => {
          const socket = connect({ host, port, timeout: 3000 });
          socket.on("connect", () => socket.write("GET / HTTP/1.0\\r\\n\\r\\n"));
          socket.on("data", (data) => say(String(data)));
          socket.on("error", (error) => (say("refused", server, error.code), done()));
          socket.on("timeout", () => (say("silent", server), socket.destroy(), done()));
          socket.on("close", done);
        });
      }`;
    const found = await finds("node knock.mjs; ls -l /var/run/docker.sock /run; cat /proc/net/dev", {
      "knock.mjs": knock,
    });
    // An engine may write the host's own name into /etc/hosts: its address is knocked at below.
    assert.doesNotMatch(found, /^resolved (?:example\.com|by)/m);
    assert.equal([...found.matchAll(/^refused /gm)].length, servers.length);
    assert.deepEqual(
      [...(found.split("Inter-|")[1] ?? "").matchAll(/^ *(\w+):/gm)].map(([, name]) => name),
      ["lo"],
      "its only network is its own loopback",
    );
  });

  test("one that looks at its rights has none: no root, no capability, no new privileges", async () => {
    const found = await finds("id -u; grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status");
    assert.match(found, /^(?!0$)\d+$/m);
    assert.match(found, /CapEff:\s*0+$/m);
    assert.match(found, /CapBnd:\s*0+$/m);
    assert.match(found, /NoNewPrivs:\s*1$/m);
  });
}
