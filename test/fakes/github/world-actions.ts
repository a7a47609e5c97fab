/** What people do on the fake GitHub. */
import type { ForgeWorld } from "../forge-world.ts";
import { asked, numberAt } from "./api.ts";
import type { Fake } from "./fake-github.ts";
import { must } from "./pipeline.ts";
import { seat } from "./seats.ts";

type Actions = Pick<
  ForgeWorld,
  | "createUser"
  | "grant"
  | "createRepo"
  | "fork"
  | "commit"
  | "openIssue"
  | "editIssue"
  | "closeIssue"
  | "comment"
  | "editComment"
  | "addLabel"
  | "removeLabel"
  | "openPull"
>;

export function createActions(fake: Fake): Actions {
  const { directory, git } = fake;

  async function as(login: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const token = directory.byLogin(login)?.token ?? "";
    return must(
      await fake.pipeline.handle(asked(method, path, token, body)),
      `${method} ${path} as ${login}`,
    );
  }

  async function createUser(login: string, options: { bot?: boolean } = {}) {
    const account = directory.byLogin(login) ?? (await seat(directory, fake.emulator, login, options.bot));
    return { id: account.id, login: account.login, token: account.token };
  }

  async function isPull(repo: string, number: number): Promise<boolean> {
    const path = `/repos/${repo}/pulls/${number}`;
    return (await fake.pipeline.handle(asked("GET", path, fake.bot.token))).status === 200;
  }

  return {
    createUser,
    async grant(repo, user, level) {
      directory.grant(repo, user, level);
    },
    async createRepo({ owner, name, files }) {
      await createUser(owner);
      await as(owner, "POST", "/user/repos", { name, auto_init: true });
      const repo = `${owner}/${name}`;
      await git.create(repo);
      await git.commit(repo, "main", files, { by: owner, message: "First commit" });
      directory.grant(repo, fake.bot.login, "write");
      return repo;
    },
    async fork(repo, by) {
      await as(by, "POST", `/repos/${repo}/forks`, {});
      const to = `${by}/${repo.split("/")[1]}`;
      await git.fork(repo, to);
      return to;
    },
    commit: (repo, { by, branch, files, message }) => git.commit(repo, branch, files, { by, message }),
    async openIssue(repo, { by, title, body, labels = [] }) {
      const issue = await as(by, "POST", `/repos/${repo}/issues`, { title, body });
      const number = numberAt(issue, "number");
      if (labels.length > 0) await as(by, "POST", `/repos/${repo}/issues/${number}/labels`, { labels });
      return number;
    },
    async editIssue(repo, issue, by, change) {
      await as(by, "PATCH", `/repos/${repo}/issues/${issue}`, change);
    },
    async closeIssue(repo, issue, by) {
      const kind = (await isPull(repo, issue)) ? "pulls" : "issues";
      await as(by, "PATCH", `/repos/${repo}/${kind}/${issue}`, { state: "closed" });
    },
    async comment(repo, issue, by, body) {
      return String(
        numberAt(await as(by, "POST", `/repos/${repo}/issues/${issue}/comments`, { body }), "id"),
      );
    },
    async editComment(repo, commentId, by, body) {
      await as(by, "PATCH", `/repos/${repo}/issues/comments/${commentId}`, { body });
    },
    async addLabel(repo, issue, by, label) {
      await as(by, "POST", `/repos/${repo}/issues/${issue}/labels`, { labels: [label] });
    },
    async removeLabel(repo, issue, by, label) {
      await as(by, "DELETE", `/repos/${repo}/issues/${issue}/labels/${label.replaceAll("/", "%2F")}`);
    },
    async openPull(repo, { by, head, base, title }) {
      return numberAt(
        await as(by, "POST", `/repos/${repo}/pulls`, { head, base, title, body: "" }),
        "number",
      );
    },
  };
}
