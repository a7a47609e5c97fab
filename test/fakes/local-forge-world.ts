/** The product's own local forge as a ForgeWorld; `local` has what only Forgejo has (teams, time tracking off). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ForgejoForgeConfig } from "../../src/config/config.ts";
import { type LocalForge, startLocalForge } from "../../src/demo/forge/local-forge.ts";
import type { ForgeWorld, WorldUser } from "./forge-world.ts";

export interface LocalForgeWorld extends ForgeWorld {
  readonly local: LocalForge;
  forgeConfig(): ForgejoForgeConfig;
}

export interface LocalForgeWorldOptions {
  /** False: the bot may only write, so it may not ask for the permissions of others. */
  readonly botAdmin?: boolean;
  readonly now?: () => number;
}

export async function startLocalForgeWorld(options: LocalForgeWorldOptions = {}): Promise<LocalForgeWorld> {
  const dir = await mkdtemp(join(tmpdir(), "local-forge-"));
  const local = await startLocalForge({ dir, now: options.now ?? Date.now });
  const bot = local.createUser("dispatch-bot");
  let webhookSecret = "not-set-by-this-test";
  return {
    kind: "forgejo",
    url: local.url,
    bot,
    local,
    ...people(local, bot, options.botAdmin ?? true),
    ...sights(local),
    setHook(url, secret) {
      webhookSecret = secret;
      local.setHook(url, secret);
    },
    deliveries: () =>
      local.deliveries().map((one) => ({ ...one, event: one.type, action: actionIn(one.body) })),
    redeliver: async (id) => local.redeliver(id),
    dropWebhooks: (repo) => local.disturb({ kind: "drop" }, { fits: (webhook) => webhook.repo === repo }),
    fail: local.fail,
    hang: local.hang,
    violations: () => [],
    waitFor,
    forgeConfig: () => ({
      kind: "forgejo",
      name: "local",
      url: local.url,
      token: bot.token,
      webhookSecret,
      webhookProxy: null,
    }),
    async close() {
      await local.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function people(local: LocalForge, bot: WorldUser, botAdmin: boolean) {
  return {
    createUser: async (login, options) => local.createUser(login, options),
    grant: async (repo, user, level) => local.grant(repo, user, level),
    async createRepo(repo) {
      const name = await local.createRepo(repo);
      local.grant(name, bot.login, botAdmin ? "admin" : "write");
      return name;
    },
    fork: local.fork,
    commit: local.commit,
    openIssue: async (repo, issue) => local.openIssue(repo, issue),
    editIssue: async (repo, issue, by, change) => local.editIssue(repo, issue, by, change),
    closeIssue: async (repo, issue, by) => local.closeIssue(repo, issue, by),
    comment: async (repo, issue, by, body) => String(local.comment(repo, issue, by, body)),
    editComment: async (repo, id, by, body) => local.editComment(repo, Number(id), by, body),
    addLabel: async (repo, issue, by, label) => local.addLabel(repo, issue, by, label),
    removeLabel: async (repo, issue, by, label) => local.removeLabel(repo, issue, by, label),
    openPull: local.openPull,
  } satisfies Partial<ForgeWorld>;
}

function sights(local: LocalForge) {
  return {
    async comments(repo, issue) {
      const { comments } = local.issue(repo, issue);
      return comments.map(({ id, by, body, createdAt, edits }) => ({
        id: String(id),
        by: by.login,
        body,
        createdAt,
        edits,
      }));
    },
    labels: async (repo, issue) => local.issue(repo, issue).labels.map((label) => label.name),
    async reactions(repo, commentId, number) {
      const issue = local.issue(repo, number);
      const comment = issue.comments.find((one) => String(one.id) === commentId);
      const reactions = commentId === null ? issue.reactions : (comment?.reactions ?? []);
      return reactions.map(({ by, content }) => ({ by: by.login, content }));
    },
    async pulls(repo) {
      const pulls = await local.pulls(repo);
      return pulls.flatMap(({ number, title, body, pull }) =>
        pull
          ? [
              {
                number,
                title,
                body,
                head: pull.head,
                base: pull.base,
                headSha: pull.headSha,
                draft: /^wip:/i.test(title),
              },
            ]
          : [],
      );
    },
    async reviews(repo, number) {
      const reviews = local.issue(repo, number).pull?.reviews ?? [];
      return reviews.map(({ by, body, state }) => ({ by: by.login, body, state }));
    },
    branches: local.branches,
    fileAt: local.fileAt,
    async bookedTime(repo, issue) {
      return local.issue(repo, issue).times.map(({ seconds, by }) => ({ seconds, by: by.login }));
    },
    runningStopwatches: async (login) => local.runningStopwatches(login),
  } satisfies Partial<ForgeWorld>;
}

function actionIn(body: string): string | null {
  const { action } = JSON.parse(body) as { action?: string };
  return action ?? null;
}

async function waitFor(
  condition: () => boolean | Promise<boolean>,
  what = "the condition",
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(10);
  }
}
