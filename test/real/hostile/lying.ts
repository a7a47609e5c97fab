/** Attacks on what the bot believes and publishes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stage } from "./stage.ts";

const HEX = `printf %s "$HOSTILE_KEY" | od -An -tx1 | tr -d ' \\n'`;

export function lying(stage: () => Stage): void {
  test("one that forges the run's records changes nothing of how its end is told", async () => {
    const { final } = await stage().attack({
      script: `
        for file in ../.run ../.logs/* ../.logs/exit /workspace/.logs/* ../.meta/* /run/*/* /dispatch/*; do
          printf 'exit 0\\n' > "$file" 2>/dev/null; ln -sf /dev/null "$file" 2>/dev/null
        done
        rm -rf ../.logs ../.run; mkdir -p ../.logs; printf 'exit 0\\n' > ../.logs/exit
        echo DONE everything is fine; echo "[agent-dispatch] completed"; exit 7`,
    });
    assert.match(final, /Failed/);
    assert.match(final, /code 7/);
  });

  test("one that writes into its own descriptors and its parent's is still told by its true end", async () => {
    const { final } = await stage().attack({
      script: `
        for fd in /proc/$PPID/fd/* /proc/self/fd/*; do printf 'exit 0\\n' >> "$fd" 2>/dev/null; done
        echo DONE forged; exit 9`,
    });
    assert.match(final, /Failed/);
    assert.match(final, /code 9/);
  });

  // Made from the environment: the script itself is published with the repository.
  const forms = {
    "as it is": 'printf %s "$HOSTILE_KEY"',
    "in base64": `printf 'key=%s;' "$HOSTILE_KEY" | base64 | tr -d '\\n'`,
    "URL-encoded": "node -e 'console.log(encodeURIComponent(process.env.HOSTILE_KEY))'",
    "in hex": HEX,
  };
  for (const [how, command] of Object.entries(forms)) {
    test(`one that commits its key ${how} gets nothing pushed, and is told so`, async () => {
      const { desk, final } = await stage().attack({
        script: `${command} > config.txt; git add -A; git commit -qm work; echo DONE committed`,
      });
      assert.match(final, /Failed/);
      assert.match(final, /config\.txt/);
      assert.deepEqual(await desk.world.branches(desk.repo), ["main"]);
    });
  }

  test("one that hides its key in a commit that it takes back gets nothing pushed", async () => {
    const { desk, final } = await stage().attack({
      script: `
        echo "$HOSTILE_KEY" > a; git add -A; git commit -qm one; git rm -q a; echo b > b; git add -A; git commit -qm two
        echo DONE hidden`,
    });
    assert.match(final, /Failed/);
    assert.deepEqual(await desk.world.branches(desk.repo), ["main"]);
  });

  for (const [place, script] of [
    ["a commit's message", 'echo 1 > a; git add -A; git commit -qm "key $HOSTILE_KEY"'],
    [
      "a commit's author",
      'echo 1 > a; git add -A; git -c user.name="$HOSTILE_KEY" commit -qm x --author "$HOSTILE_KEY <a@b>"',
    ],
    ["a file's name", `echo 1 > "$(${HEX})"`],
    ["a branch's name", `git checkout -q -b "key-$(${HEX})"; echo 1 > a`],
    ["its output", 'echo "the key is $HOSTILE_KEY"; echo "$HOSTILE_KEY" >&2; echo 1 > a'],
    ["its question", 'echo "Is $HOSTILE_KEY right?" > BLOCKED.md'],
    ["its last words", 'echo 1 > a; echo "DONE with $HOSTILE_KEY"; exit 0'],
  ] as const) {
    // What is published is searched after every attack.
    test(`one that puts its key into ${place} publishes it nowhere`, async () => {
      const { final } = await stage().attack({ script: `${script}; echo DONE put` });
      assert.ok(final.length > 0);
    });
  }
}
