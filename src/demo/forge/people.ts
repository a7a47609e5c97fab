/** What the people around the bot do on the local forge, and what they see there. People are named by login. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { type NewPull, openPull, refreshHead, tellPush } from "./actions/pulls.ts";
import { branchesOf, commitFiles, copyRepo, initRepo, readAt } from "./git.ts";
import { dirOf, type Instance } from "./instance.ts";
import { type IssuePeople, issuePeople } from "./issue-people.ts";
import { mailOf } from "./shapes.ts";
import { findRepo, findUser, fullName, type Issue, type Level, type Repo, type User } from "./state.ts";

interface NewRepo {
  /** An account is made when there is none of this name. */
  readonly owner: string;
  readonly name: string;
  /** Path → text of the first commit. */
  readonly files: Readonly<Record<string, string>>;
  readonly private?: boolean;
}

interface PersonsCommit {
  readonly by: string;
  /** Made from the default branch when it does not exist. */
  readonly branch: string;
  readonly files: Readonly<Record<string, string>>;
  readonly message: string;
}

interface PersonsPull {
  readonly by: string;
  /** A branch, or `login:branch` for one of a fork. */
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body?: string;
}

/** Repositories are named `owner/name`. Everything throws when what it names is not there. */
export interface People extends IssuePeople {
  /** Bots get a negative id, and no page of their own, as Forgejo's Actions user. */
  createUser(login: string, options?: { bot?: boolean }): Readonly<User>;
  /** Not for owners of repositories. */
  renameUser(login: string, to: string): void;
  /** Makes the organisation's account too. */
  createTeam(org: string, name: string, members: readonly string[]): void;
  grant(repo: string, login: string, level: Level): void;
  createRepo(repo: NewRepo): Promise<string>;
  /** Returns the fork's `owner/name`. */
  fork(repo: string, by: string): Promise<string>;
  setTimeTracking(repo: string, on: boolean): void;
  /** As a push: returns the new commit's id. */
  commit(repo: string, commit: PersonsCommit): Promise<string>;
  branches(repo: string): Promise<readonly string[]>;
  fileAt(repo: string, ref: string, path: string): Promise<string | null>;
  openPull(repo: string, pull: PersonsPull): Promise<number>;
  /** Open ones. */
  pulls(repo: string): Promise<readonly Issue[]>;
}

export function people(instance: Instance): People {
  return { ...issuePeople(instance), ...accounts(instance), ...code(instance) };
}

function personOf(instance: Instance, login: string): User {
  const user = findUser(instance.state, login);
  if (user === null) throw new Error(`no account ${login} on the local forge`);
  return user;
}

function repoNamed(instance: Instance, name: string): Repo {
  const [owner = "", repoName = ""] = name.split("/");
  const repo = findRepo(instance.state, owner, repoName);
  if (repo === null) throw new Error(`no repository ${name} on the local forge`);
  return repo;
}

function createUser(instance: Instance, login: string, bot: boolean): User {
  if (findUser(instance.state, login)) throw new Error(`the account ${login} is taken`);
  if (!/^\w[\w.-]*$/.test(login))
    throw new Error(`${login} is no login: letters, digits, ".", "_" and "-" only`);
  const id = instance.state.nextId();
  const user = { id: bot ? -1 - id : id, login, token: randomBytes(20).toString("hex") };
  instance.state.users.push(user);
  return user;
}

function accounts(instance: Instance) {
  const { state } = instance;
  return {
    createUser: (login: string, options: { bot?: boolean } = {}) =>
      createUser(instance, login, options.bot ?? false),
    renameUser(login: string, to: string) {
      const user = personOf(instance, login);
      if (state.repos.some((repo) => repo.owner === user)) throw new Error(`${login} owns repositories`);
      user.login = to;
    },
    createTeam(org: string, name: string, members: readonly string[]) {
      if (findUser(state, org) === null) createUser(instance, org, false);
      const ids = new Set(members.map((login) => personOf(instance, login).id));
      state.teams.push({ id: state.nextId(), org, name, members: ids });
    },
    grant(repo: string, login: string, level: Level) {
      repoNamed(instance, repo).grants.set(personOf(instance, login).id, level);
    },
    setTimeTracking(repo: string, on: boolean) {
      repoNamed(instance, repo).timeTracking = on;
    },
  };
}

async function addRepo(
  instance: Instance,
  owner: User,
  name: string,
  isPrivate: boolean,
  parent: Repo | null,
) {
  if (!/^[\w.-]+$/.test(name) || /^\.+$|\.git$/.test(name))
    throw new Error(`${name} is no repository's name`);
  if (findRepo(instance.state, owner.login, name)) throw new Error(`${owner.login}/${name} exists`);
  const repo: Repo = {
    id: instance.state.nextId(),
    owner,
    name,
    private: isPrivate,
    defaultBranch: "main",
    timeTracking: true,
    told: new Map(),
    parent,
    grants: new Map(),
    labels: [],
    issues: [],
    hooks: [],
  };
  // Left by an earlier forge in the same folder, of which nothing is remembered.
  await rm(dirOf(instance, repo), { recursive: true, force: true });
  await (parent ? copyRepo(dirOf(instance, parent), dirOf(instance, repo)) : initRepo(dirOf(instance, repo)));
  instance.state.repos.push(repo);
  return repo;
}

function commitTo(
  instance: Instance,
  repo: Repo,
  by: User,
  commit: Omit<PersonsCommit, "by">,
): Promise<string> {
  return commitFiles(dirOf(instance, repo), {
    ...commit,
    from: repo.defaultBranch,
    author: { name: by.login, email: mailOf(by) },
    at: instance.now(),
  });
}

function code(instance: Instance) {
  const dir = (repo: string) => dirOf(instance, repoNamed(instance, repo));
  return {
    async createRepo({ owner, name, files, private: isPrivate = false }: NewRepo) {
      const person = findUser(instance.state, owner) ?? createUser(instance, owner, false);
      const repo = await addRepo(instance, person, name, isPrivate, null);
      await commitTo(instance, repo, person, { branch: "main", files, message: "First commit" });
      repo.told = await branchesOf(dirOf(instance, repo));
      return fullName(repo);
    },
    async fork(repo: string, by: string) {
      const parent = repoNamed(instance, repo);
      const fork = await addRepo(instance, personOf(instance, by), parent.name, parent.private, parent);
      fork.told = await branchesOf(dirOf(instance, fork));
      return fullName(fork);
    },
    async commit(name: string, { by, ...commit }: PersonsCommit) {
      const repo = repoNamed(instance, name);
      const sha = await commitTo(instance, repo, personOf(instance, by), commit);
      await tellPush(instance, repo, personOf(instance, by));
      return sha;
    },
    branches: async (repo: string) => [...(await branchesOf(dir(repo))).keys()],
    fileAt: async (repo: string, ref: string, path: string) =>
      (await readAt(dir(repo), ref, path))?.toString("utf8") ?? null,
    async openPull(name: string, { by, head, base, title, body = "" }: PersonsPull) {
      const repo = repoNamed(instance, name);
      const pull: NewPull = { ...headNamed(instance, repo, head), base, title, body, labels: [] };
      const issue = await openPull(instance, repo, personOf(instance, by), pull);
      if (issue === null) throw new Error(`no branch ${head} in ${name}`);
      return issue.number;
    },
    async pulls(name: string) {
      const open = repoNamed(instance, name).issues.filter(({ pull, state }) => pull && state === "open");
      await Promise.all(open.map((issue) => refreshHead(instance, issue)));
      return open;
    },
  };
}

function headNamed(instance: Instance, repo: Repo, head: string): Pick<NewPull, "head" | "headRepo"> {
  const [branch = "", login] = head.split(":").reverse();
  return { head: branch, headRepo: login ? repoNamed(instance, `${login}/${repo.name}`) : repo };
}
