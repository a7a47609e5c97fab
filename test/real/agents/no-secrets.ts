/** No secret of the server's is in anything a run left: its folders, the logs, the bot's records, its comments. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bot } from "../../journeys/bot.ts";
import { answers, type Desk } from "../../journeys/person.ts";

export async function assertNoSecrets({ config }: Bot, desk: Desk): Promise<void> {
  const secrets = [desk.world.bot.token, ...Object.values(config.secrets)];
  for (const entry of await readdir(config.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    for (const secret of secrets) assert.ok(!bytes.includes(secret), `${file} holds a secret`);
  }
  for (const { body } of await answers(desk)) {
    for (const secret of secrets) assert.ok(!body.includes(secret), `a comment holds a secret: ${body}`);
  }
}
