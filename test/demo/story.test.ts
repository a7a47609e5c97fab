/** The demo as a person starts it: its own process, its own temporary folder. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

async function startDemo(t: TestContext, ...options: string[]) {
  const dir = await mkdtemp(join(tmpdir(), "demo-test-"));
  const child = spawn(process.execPath, [MAIN, "demo", ...options], {
    cwd: dir,
    env: { ...process.env, TMPDIR: dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (said += text));
  const exit = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exit;
    await rm(dir, { recursive: true, force: true });
  });
  return {
    child,
    said: () => said,
    /** Waits until the demo has said it. */
    async saying(text: string): Promise<void> {
      while (!said.includes(text)) {
        assert.equal(child.exitCode, null, `it ended without saying "${text}":\n${said}`);
        await once(child.stdout, "data");
      }
    },
    /** The exit code, and what it left in the temporary folder. */
    async end(): Promise<{ readonly code: number | null; readonly left: readonly string[] }> {
      const [code] = await exit;
      return { code, left: await readdir(dir) };
    },
  };
}

describe("the demo", { concurrency: true }, () => {
  test("holds in every check, names no address that is dead at its end, and leaves nothing", async (t) => {
    const demo = await startDemo(t);
    assert.deepEqual(await demo.end(), { code: 0, left: [] }, demo.said());
    assert.match(demo.said(), /\n(\d+) of \1 checks held, in [\d.]+ s\.\nWith `npm run demo -- --keep` /);
    assert.doesNotMatch(demo.said(), /https?:|✘/);
  });

  test("kept, it names the pages to look at, which are there, until SIGTERM removes everything", async (t) => {
    const demo = await startDemo(t, "--keep");
    await demo.saying("Ctrl-C ends it");
    const urls = [...demo.said().matchAll(/^ {2,}(?:issue|pull request|everything) +(http\S+)$/gm)];
    assert.deepEqual(
      urls.map(([, url]) => new URL(url ?? "").pathname),
      ["issues/1", "pulls/2", "issues/3", "pulls/4", ""].map((path) =>
        `/ada/greeter/${path}`.replace(/\/$/, ""),
      ),
    );
    const pages = await Promise.all(urls.map(async ([, url]) => await (await fetch(url ?? "")).text()));
    assert.match(
      pages[0] ?? "",
      /<details><summary>What the scripted agent does<\/summary>\n<pre><code>step: work 2/,
    );
    assert.match(pages[3] ?? "", /Closes <a href="\/ada\/greeter\/issues\/3">#3<\/a>/);
    demo.child.kill("SIGTERM");
    assert.deepEqual(await demo.end(), { code: 0, left: [] });
  });

  test("interrupted in its middle, it removes everything too", async (t) => {
    const demo = await startDemo(t);
    await demo.saying("✔ a clock runs on the issue");
    demo.child.kill("SIGINT");
    assert.deepEqual(await demo.end(), { code: 1, left: [] });
    assert.match(demo.said(), /\nInterrupted\.\n$/);
  });
});
