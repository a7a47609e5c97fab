/** What of the host a confined agent is shown, told from folders like those that programs are installed in. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { type ViewRequest, viewOf } from "../../../src/runtimes/native/view.ts";

/** Files to make, each with its text; `-> x` makes a link to x. */
async function host(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = await realpath(await mkdtemp(join(tmpdir(), "view-")));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    if (text.startsWith("-> ")) {
      await symlink(text.slice(3), file);
      continue;
    }
    await writeFile(file, text);
    await chmod(file, 0o755);
  }
  const at = (path: string) => join(root, path);
  /** What is made of the folders below `root`, as "show x" or "link x to y". */
  const seen = async (request: Partial<ViewRequest>) => {
    const mounts = await viewOf({ path: "", own: [], program: null, args: [], ...request });
    return mounts
      .filter(({ path }) => path.startsWith(root))
      .map((mount) => {
        const to = mount.kind === "link" ? ` to ${relative(root, mount.from)}` : "";
        return `${mount.kind} ${relative(root, mount.path)}${to}`;
      });
  };
  return { at, seen };
}

test("the system's programs and names are shown, its accounts and keys are not", async () => {
  const paths = (await viewOf({ path: "", own: [], program: null, args: [] })).map(({ path }) => path);
  for (const path of ["/usr", "/etc/hosts", "/etc/resolv.conf"]) assert.ok(paths.includes(path), path);
  const hidden = [
    "/",
    "/etc",
    "/root",
    "/home",
    "/var",
    "/run",
    "/etc/shadow",
    "/etc/passwd",
    "/etc/ssl/private",
  ];
  for (const path of hidden) assert.ok(!paths.includes(path), path);
});

test("a folder on PATH is shown with the libraries beside it, and nothing else of what is around", async (t) => {
  const node = ".nvm/versions/node/v24/bin";
  const { at, seen } = await host(t, {
    [`home/${node}/node`]: "x",
    "home/.nvm/versions/node/v24/lib/node_modules/npm/index.js": "",
    "home/.ssh/id": "secret",
  });
  assert.deepEqual(await seen({ path: `${at(`home/${node}`)}::relative:/nowhere`, own: [at("home")] }), [
    `show home/${node}`,
    "show home/.nvm/versions/node/v24/lib",
  ]);
});

test("the server's folders are hidden where they lie in a folder that is shown", async (t) => {
  const { at, seen } = await host(t, {
    "tools/x": "x",
    "tools/server/.env": "secret",
    "tools/server/data/db": "",
  });
  const own = [at("tools/server"), at("tools/server/data"), at("missing"), "/"];
  assert.deepEqual(await seen({ path: at("tools"), own }), ["show tools", "hide tools/server"]);
});

test("a home, or the root, on PATH shows nothing", async (t) => {
  const { at, seen } = await host(t, { "home/x": "x" });
  const path = `/:${at("home")}`;
  assert.deepEqual(await seen({ path, own: [at("home")] }), []);
  assert.ok(
    !(await viewOf({ path, own: [at("home")], program: null, args: [] })).some((it) => it.path === "/"),
  );
});

test("a program is shown with its folder; one that lies beside the server's files is shown alone", async (t) => {
  const { at, seen } = await host(t, {
    "srv/agent/run": "x",
    "srv/agent/data": "",
    "cwd/run": "x",
    "cwd/.env": "",
  });
  const own = [at("cwd")];
  assert.deepEqual(await seen({ program: at("srv/agent/run"), own }), ["show srv/agent"]);
  assert.deepEqual(await seen({ program: at("cwd/run"), own }), ["show cwd/run"]);
});

test("a program behind a link is found there, in its real folder", async (t) => {
  const { at, seen } = await host(t, {
    "home/.local/bin/claude": "-> ../share/claude/versions/2.1",
    "home/.local/share/claude/versions/2.1": "x",
    "home/.local/share/keyrings/login": "secret",
  });
  const request = { path: at("home/.local/bin"), own: [at("home")] };
  const shown = ["show home/.local/bin", "show home/.local/share/claude/versions"];
  assert.deepEqual(await seen({ ...request, program: at("home/.local/bin/claude") }), shown);
  assert.deepEqual(await seen({ ...request, args: ["--", "claude", "-p"] }), shown, "started by another");
});

test("a package of npm's is shown with its neighbours, and with the interpreter that its script names", async (t) => {
  const { at, seen } = await host(t, {
    "cwd/.env": "",
    "cwd/node_modules/.bin/codex": "-> ../codex/bin/codex.js",
    "cwd/node_modules/codex/bin/codex.js": "#!/usr/bin/env -S js\n",
    "cwd/node_modules/dep/index.js": "",
    "engines/js": "x",
  });
  const path = `${at("cwd/node_modules/.bin")}:${at("engines")}`;
  const program = at("cwd/node_modules/.bin/codex");
  assert.deepEqual(await seen({ path, program, own: [at("cwd")] }), [
    "show engines",
    "show cwd/node_modules",
  ]);
});

test("a link that is on PATH leads to where it leads", async (t) => {
  const { at, seen } = await host(t, { "store/v2/tool": "x", current: "-> store/v2" });
  assert.deepEqual(await seen({ path: at("current") }), ["link current to store/v2", "show store/v2"]);
});

test("a path among the arguments shows nothing: a stranger may have chosen it", async (t) => {
  const { at, seen } = await host(t, { "home/secret": "x" });
  assert.deepEqual(await seen({ args: [at("home/secret"), "../../etc", "-x"], own: [at("home")] }), []);
});
