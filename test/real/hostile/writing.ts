/** Attacks that leave something for the host to trip over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers } from "../../journeys/person.ts";
import type { Stage } from "./stage.ts";

export function writing(stage: () => Stage): void {
  test("one that writes hooks, configuration, attributes and filters has none of them run", async () => {
    const pwned = `${stage().canaries.elsewhere}/pwned`;
    const { final } = await stage().attack({
      script: `
        mkdir -p .git/hooks evil
        for hook in pre-commit post-commit pre-push post-checkout reference-transaction update pre-receive fsmonitor-watchman; do
          printf '#!/bin/sh\\ntouch ${pwned}\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; cp .git/hooks/$hook evil/$hook
        done
        git config core.fsmonitor '${pwned}'; git config core.sshCommand 'touch ${pwned};:'
        git config core.hooksPath "$PWD/evil"; git config core.pager 'touch ${pwned}'
        git config filter.evil.clean 'touch ${pwned}; cat'; git config filter.evil.smudge 'touch ${pwned}; cat'
        git config diff.evil.textconv 'touch ${pwned}; cat'; git config core.askPass 'touch ${pwned}'
        git config uploadpack.packObjectsHook 'touch ${pwned};'; git config protocol.ext.allow always
        git config include.path ${stage().canaries.files[0]}; git config core.worktree ${stage().canaries.elsewhere}
        printf '* filter=evil diff=evil\\n' > .gitattributes; echo work > work.txt
        echo DONE wrote traps`,
    });
    assert.match(final, /pull request|Failed/);
  });

  test("one that puts links to the host's files where its own were publishes links", async () => {
    const [secret = "", env = ""] = stage().canaries.files;
    const { desk, final } = await stage().attack({
      script: `
        ln -sf ${secret} README.md; ln -s ${stage().canaries.elsewhere} folder; ln -s /proc/self/environ environment
        ln ${env} hard.txt; ln -s ${secret} ../.meta/agent-output; ln -s ${stage().canaries.elsewhere} ../.home/out
        git add -A; git commit -qm links; echo DONE linked`,
    });
    assert.match(final, /pull request/);
    const [pull] = await desk.world.pulls(desk.repo);
    assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "README.md"), secret);
  });

  for (const [what, make] of [
    ["a fifo", "mkfifo BLOCKED.md"],
    ["a link to a file of the host", "ln -s SECRET BLOCKED.md"],
    ["a folder", "mkdir BLOCKED.md"],
    ["a gigabyte", "head -c 1048576 /dev/zero | tr '\\0' x > BLOCKED.md; truncate -s 1G BLOCKED.md"],
  ] as const) {
    test(`one whose BLOCKED.md is ${what} gets one answer all the same`, async () => {
      const { desk } = await stage().attack({
        script: `${make.replace("SECRET", stage().canaries.files[0] ?? "")}; echo DONE asked`,
      });
      const bodies = (await answers(desk)).map(({ body }) => body);
      assert.ok(bodies.every((body) => body.length < 66_000));
      assert.equal(bodies.length, 2, bodies.join("\n---\n"));
    });
  }

  test("one that names branches and files oddly changes nothing of the bot's commands", async () => {
    const pwned = `${stage().canaries.elsewhere}/pwned`;
    const { desk, final } = await stage().attack({
      script: `
        git checkout -q -b 'feature/$(touch\${IFS}pwned)'; echo 1 > ./--upload-pack=touch; echo 2 > './-rf'
        echo 3 > "$(printf 'new\\nline')"; echo 4 > './"quoted".txt'; echo 5 > "$(printf 'no\\377utf8')"
        echo 6 > ';touch ${pwned.replaceAll("/", "_")}'
        git add -A; git commit -qm '--amend'
        git update-ref 'refs/heads/-x' HEAD; printf 'ref: refs/heads/--exec=touch\\n' > .git/HEAD.odd
        git tag -- '--delete' HEAD; git checkout -q -b '--mirror' 2>/dev/null; echo DONE named`,
    });
    assert.match(final, /pull request/);
    for (const branch of await desk.world.branches(desk.repo))
      assert.match(branch, /^(main|agent\/[a-z0-9-]+)$/);
  });

  test("one that writes outside of its workspace writes nothing of the host's", async () => {
    const { elsewhere, files } = stage().canaries;
    const { left } = await stage().attack({
      script: `
        for place in ${elsewhere} ${stage().bot.config.dataDir} /usr/bin /etc /var /root /dev/shm /sys /proc/sys/kernel; do
          echo evil > $place/evil.txt && echo "wrote $place" >> wrote.txt
        done
        echo evil > ${files[0]}; chmod 777 ${files[1]}; rm -rf ${elsewhere}/*; mount -t tmpfs none /mnt && echo mounted >> wrote.txt
        echo '|touch ${elsewhere}/pwned' > /proc/sys/kernel/core_pattern && echo core >> wrote.txt
        echo end >> wrote.txt; echo DONE wrote`,
      files: { ".gitignore": "wrote.txt\n" },
    });
    const wrote = (await left("wrote.txt")).toString().split("\n");
    // Shared memory of its own is the run's.
    assert.deepEqual(
      wrote.filter((line) => line !== "" && line !== "wrote /dev/shm"),
      ["end"],
    );
  });

  test("one that takes every right from its files is published or failed, and leaves nothing that can not be removed", async () => {
    const { final } = await stage().attack({
      script: "mkdir -p deep/er; echo 1 > deep/er/file; chmod -R 000 deep; chmod 000 .git; echo DONE locked",
    });
    assert.match(final, /Completed|Failed/);
  });
}
