/** The fake GitHub as people see it: see ../forge-world.ts for what each method means. */
import { setTimeout as sleep } from "node:timers/promises";
import type { GithubForgeConfig } from "../../../src/config/config.ts";
import type { ForgeWorld } from "../forge-world.ts";
import { APP } from "./emulator.ts";
import type { Fake, FakeGithub } from "./fake-github.ts";
import { createActions } from "./world-actions.ts";
import { createViews } from "./world-views.ts";

export function createWorld(fake: Fake): FakeGithub {
  const { directory, hooks, faults } = fake;
  const actions = createActions(fake);
  return {
    kind: "github",
    url: fake.url,
    bot: { id: fake.bot.id, login: fake.bot.login, token: fake.bot.token },
    ...actions,
    ...createViews(fake),
    setHook: (url, secret) => hooks.set(url, secret),
    deliveries: () => hooks.sent,
    redeliver: async (id) => hooks.redeliver(id),
    dropWebhooks: (repo) => hooks.drop(repo),
    fail: (method, path, status, options) => faults.fail(method, path, status, options),
    failWith: (message, method, path, status, options) =>
      faults.fail(method, path, status, options, { message }),
    answer: (method, path, status, body, options) => faults.fail(method, path, status, options, body),
    before: (nth, path, happen) => faults.before(nth, path, happen),
    hang: (path) => faults.hang(path),
    violations: () => fake.violations,
    waitFor,
    forgeConfig: () => configOf(fake),
    close: () => fake.close(),
    rename(login, to) {
      const account = directory.byLogin(login);
      if (!account) throw new Error(`no account ${login}`);
      account.login = to;
    },
    async createTeam(org, team, members) {
      if (!directory.byLogin(org)) await actions.createUser(org);
      directory.teams.set(`${org}/${team}`.toLowerCase(), members);
    },
    ...authorityOf(fake),
    forgetPayload: (guid) => fake.emptied.add(guid),
    requests: () => fake.requests,
    withoutDrafts: (repo) => fake.draftless.add(repo),
  };
}

type Lost = Pick<FakeGithub, "revoke" | "install" | "uninstall" | "suspend" | "unsuspend">;

function authorityOf({ as, authority, bot }: Fake): Lost {
  return {
    revoke: () => (as === "app" ? authority.revokeKey() : authority.revokeToken(bot.token)),
    install: (owner) => authority.set(owner, "installed"),
    uninstall: (owner) => authority.set(owner, "uninstalled"),
    suspend: (owner) => authority.set(owner, "suspended"),
    unsuspend: (owner) => authority.set(owner, "installed"),
  };
}

function configOf(fake: Fake): GithubForgeConfig {
  const { as, url, emulator, bot } = fake;
  return {
    kind: "github",
    name: "github",
    baseUrl: url,
    auth: as === "app" ? { as, appId: APP.id, privateKey: emulator.privateKey } : { as, token: bot.token },
    webhookSecret: fake.hooks.secret,
    webhookProxy: null,
  };
}

const waitFor: ForgeWorld["waitFor"] = async (condition, what = "the condition", timeoutMs = 60_000) => {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(20);
  }
};
