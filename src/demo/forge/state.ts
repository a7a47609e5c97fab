/**
 * What the local forge knows, in memory: accounts, repositories, issues, pull requests, time. Git keeps the code.
 * Only finds and makes; who may do what is asked in `rights.ts`, and what people are told is sent by `actions/`.
 */

export type Level = "read" | "write" | "admin";

export interface User {
  /** Negative for bots, as Forgejo's own Actions user has it. */
  readonly id: number;
  login: string;
  readonly token: string;
}

interface Team {
  readonly id: number;
  readonly org: string;
  readonly name: string;
  readonly members: ReadonlySet<number>;
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
}

export interface Reaction {
  readonly by: User;
  readonly content: string;
  readonly at: number;
}

export interface Comment {
  readonly id: number;
  readonly by: User;
  body: string;
  readonly createdAt: number;
  updatedAt: number;
  edits: number;
  readonly reactions: Reaction[];
}

export interface TimeEntry {
  readonly id: number;
  readonly by: User;
  readonly seconds: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface Review {
  readonly id: number;
  readonly by: User;
  readonly body: string;
  readonly state: string;
  readonly at: number;
}

export interface PullPart {
  readonly head: string;
  readonly headRepo: Repo;
  readonly base: string;
  /** As of the last push that was seen; kept when the branch goes. */
  headSha: string;
  readonly reviews: Review[];
}

/** What a timeline tells beside comments. */
export interface Happening {
  readonly id: number;
  readonly type: "label" | "close" | "reopen";
  readonly by: User;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of a label only; `added` false: taken off. */
  readonly label: Label | null;
  readonly added: boolean;
}

export interface Issue {
  readonly id: number;
  readonly number: number;
  readonly repo: Repo;
  readonly by: User;
  title: string;
  body: string;
  state: "open" | "closed";
  labels: Label[];
  readonly createdAt: number;
  updatedAt: number;
  closedAt: number | null;
  readonly comments: Comment[];
  readonly reactions: Reaction[];
  readonly times: TimeEntry[];
  readonly history: Happening[];
  readonly pull: PullPart | null;
}

export interface Hook {
  readonly id: number;
  readonly type: string;
  readonly url: string;
  readonly secret: string;
  readonly active: boolean;
  /** Names of `webhooks.ts`; null means all. */
  readonly events: readonly string[] | null;
}

export interface Repo {
  readonly id: number;
  readonly owner: User;
  readonly name: string;
  readonly private: boolean;
  readonly defaultBranch: string;
  timeTracking: boolean;
  /** Branch → commit, as webhooks last told it. */
  told: ReadonlyMap<string, string>;
  readonly parent: Repo | null;
  readonly grants: Map<number, Level>;
  readonly labels: Label[];
  readonly issues: Issue[];
  readonly hooks: Hook[];
}

interface Stopwatch {
  readonly issue: Issue;
  readonly startedAt: number;
}

export interface State {
  readonly users: User[];
  readonly repos: Repo[];
  readonly teams: Team[];
  /** Of the whole instance. */
  readonly hooks: Hook[];
  readonly orgHooks: Map<string, Hook[]>;
  /** By user id: one in the whole instance. */
  readonly stopwatches: Map<number, Stopwatch>;
  nextId(): number;
}

export function emptyState(): State {
  let last = 0;
  return {
    users: [],
    repos: [],
    teams: [],
    hooks: [],
    orgHooks: new Map(),
    stopwatches: new Map(),
    nextId: () => ++last,
  };
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

export function findUser(state: State, login: string): User | null {
  return state.users.find((user) => same(user.login, login)) ?? null;
}

export function findRepo(state: State, owner: string, name: string): Repo | null {
  return state.repos.find((repo) => same(repo.owner.login, owner) && same(repo.name, name)) ?? null;
}

export function findIssue(repo: Repo, number: number): Issue | null {
  return repo.issues.find((issue) => issue.number === number) ?? null;
}

export function findComment(repo: Repo, id: number): { issue: Issue; comment: Comment } | null {
  for (const issue of repo.issues) {
    const comment = issue.comments.find((one) => one.id === id);
    if (comment) return { issue, comment };
  }
  return null;
}

/** The label of this name, made when there is none. */
export function labelNamed(state: State, repo: Repo, name: string): Label {
  const found = repo.labels.find((label) => label.name === name);
  if (found) return found;
  const label = { id: state.nextId(), name, color: "5319e7" };
  repo.labels.push(label);
  return label;
}

export function fullName(repo: Repo): string {
  return `${repo.owner.login}/${repo.name}`;
}
