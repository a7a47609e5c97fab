/**
 * The real program does real runs in a folder of its own, one of them by an agent that lays traps: afterwards nothing
 * around the workspace root and the bot's own data has changed. A spy in git's place writes down every command line.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type LocalForgeWorld, startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { answer, answers, type Desk, finalAnswer, openDesk, say } from "../journeys/person.ts";
import { makePlace, type Place, type Server, startServer } from "./server.ts";

const SECRET = "the secret of this test's webhooks";
const scripted = join(import.meta.dirname, "..", "..", "src", "demo", "scripted-agent.ts");

/** What an agent may try so that the bot itself writes or deletes elsewhere: links where folders and files were. */
const TRAPS = `
  ln -s "$ELSEWHERE" link; ln -s "$ELSEWHERE/precious.txt" BLOCKED.md
  git config core.hooksPath "$ELSEWHERE/hooks"; git config core.worktree "$ELSEWHERE"
  printf '#!/bin/sh\\ntouch "$ELSEWHERE/hook-ran"\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
  rm -rf .git/objects/info; ln -s "$ELSEWHERE" .git/objects/info
  ln -s "$ELSEWHERE" ../.meta/out; echo work > work.txt; git add -A; echo DONE traps laid`;

function agentsYaml(place: Pick<Place, "workspace" | "root">): string {
  const traps = JSON.stringify(TRAPS);
  return `dispatch: { agent: scripted, confined: false, workspace_root: ${place.workspace}, public_url: "http://127.0.0.1" }
agents:
  scripted: { runtime: native, custom: { argv: [${process.execPath}, ${scripted}], success: { line: "^DONE (.*)$" } } }
  trapper: { runtime: native, env: { ELSEWHERE: ${place.root}/elsewhere }, custom: { argv: [sh, -c, ${traps}], success: { line: "^DONE (.*)$" } } }
`;
}

/** Path → kind, size, time of change and content of all there is below, but for what is the bot's own. */
async function listing(root: string, own: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const look = async (dir: string) => {
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (own.includes(path)) continue;
      const { mtimeMs, size, mode } = await lstat(path);
      const text = entry.isSymbolicLink()
        ? await readlink(path)
        : entry.isFile()
          ? await readFile(path, "latin1")
          : "";
      found.set(path, `${mode} ${mtimeMs} ${entry.isFile() ? size : ""} ${text}`);
      if (entry.isDirectory()) await look(path);
    }
  };
  await look(root);
  return found;
}

describe("a server in a folder of its own", () => {
  let place: Place;
  let world: LocalForgeWorld;
  let server: Server;
  let untouched: ReadonlyMap<string, string>;
  let spied: string;
  const look = () => listing(place.root, [place.data, place.workspace, spied]);

  before(async () => {
    place = await makePlace();
    spied = join(place.root, "spied.txt");
    const bin = join(place.root, "bin");
    await writeFile(join(place.cwd, "agents.yaml"), agentsYaml(place));
    for (const dir of ["elsewhere/hooks", "elsewhere/deep"])
      await mkdir(join(place.root, dir), { recursive: true });
    await writeFile(join(place.root, "elsewhere/precious.txt"), "precious\n");
    await writeFile(join(place.root, "elsewhere/deep/also.txt"), "also\n");
    await mkdir(bin);
    const git = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
    await writeFile(join(bin, "git"), `#!/bin/sh\necho "$@" >> ${spied}\nexec ${git} "$@"\n`);
    await chmod(join(bin, "git"), 0o755);
    world = await startLocalForgeWorld();
    untouched = await look();
    server = await startServer(place, {
      PATH: `${bin}:${process.env.PATH}`,
      FORGEJO_URL: world.url,
      FORGEJO_TOKEN: world.bot.token,
      FORGEJO_WEBHOOK_SECRET: SECRET,
    });
    world.setHook(`${server.url}/api/webhooks/forgejo`, SECRET);
    await workedThrough(world);
    // Folders are deleted in the background: what is looked at is at rest.
    await server.end("SIGTERM");
  });
  after(async () => {
    await server?.end("SIGKILL");
    await world?.close();
    await place?.remove();
  });

  test("Nothing outside the workspace root is written or deleted for a run.", async () => {
    assert.deepEqual(await look(), untouched);
    const own = (await readdir(place.data)).map((name) =>
      name.replace(/^dispatch\\.sqlite.*/, "dispatch.sqlite"),
    );
    for (const name of own)
      assert.ok(
        [
          "dispatch.sqlite",
          "logs",
          "native",
          "docker",
          "podman",
          "egress",
          "mirrors",
          "server.",
          "worker",
        ].some((known) => name.startsWith(known)),
        `the bot's data holds ${name}`,
      );
  });

  test("No forge credential in a run's files, arguments, logs or pushed commits.", async () => {
    const commands = await readFile(spied, "utf8");
    assert.match(commands, /push/);
    assert.ok(!commands.includes(world.bot.token), "git is called without the token");
    assert.ok(!server.lines.join("\n").includes(world.bot.token), "the log is free of it");
    assert.ok(!server.lines.join("\n").includes(SECRET));
    for (const own of [place.data, place.workspace]) {
      const holders = [...(await listing(own, []))].filter(([, text]) => text.includes(world.bot.token));
      assert.deepEqual(holders, []);
    }
  });
});

/** A run that completes, one that lays traps and is then retried in the same place, and one that asks. */
async function workedThrough(world: LocalForgeWorld): Promise<void> {
  const plain = await openDesk(world, ["write a.txt a", "env FORGEJO_TOKEN", "environment", "commit A"]);
  await say(plain, "/dispatch");
  const trapped: Desk = await openDesk(world, []);
  await say(trapped, "/dispatch trapper lay the traps");
  const asks = await openDesk(world, ["ask Which?", "write a.txt a"]);
  await say(asks, "/dispatch");
  await finalAnswer(plain, /pull request/i, 60_000);
  await finalAnswer(trapped, /./, 60_000);
  await answer(asks, /Which\?/, 60_000);
  await say(asks, "/dispatch cancel");
  await finalAnswer(asks, /Cancelled/);
  // The next run takes the place of the trapped one, whose folder is removed.
  await say(trapped, "/dispatch scripted\nstep: write b.txt b");
  const ends = async () => (await answers(trapped)).filter(({ body }) => /^(?:✅|❌)/u.test(body));
  await world.waitFor(async () => (await ends()).length === 2, "the second run's end", 60_000);
}
