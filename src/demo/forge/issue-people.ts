/** What people do on issues and pull requests of the local forge, and what they see there. */
import {
  addComment,
  addReaction,
  editComment,
  editIssue,
  openIssue,
  setLabels,
  setOpen,
} from "./actions/issues.ts";
import { startStopwatch } from "./actions/time.ts";
import type { Instance } from "./instance.ts";
import {
  type Comment,
  findComment,
  findIssue,
  findRepo,
  findUser,
  fullName,
  type Issue,
  labelNamed,
  type User,
} from "./state.ts";

interface PersonsIssue {
  readonly by: string;
  readonly title: string;
  readonly body: string;
  readonly labels?: readonly string[];
}

export interface IssuePeople {
  /** Returns its number. */
  openIssue(repo: string, issue: PersonsIssue): number;
  editIssue(repo: string, number: number, by: string, change: { title?: string; body?: string }): void;
  closeIssue(repo: string, number: number, by: string): void;
  /** Returns the comment's id. */
  comment(repo: string, number: number, by: string, body: string): number;
  editComment(repo: string, commentId: number, by: string, body: string): void;
  react(repo: string, commentId: number, by: string, content: string): void;
  /** Makes the label when there is none of this name. */
  addLabel(repo: string, number: number, by: string, label: string): void;
  removeLabel(repo: string, number: number, by: string, label: string): void;
  startStopwatch(repo: string, number: number, by: string): void;
  /** As it stands now: comments, labels, reactions, reviews and times are on it. */
  issue(repo: string, number: number): Readonly<Issue>;
  /** Issues (`owner/name#1`) on which this account's clock runs. */
  runningStopwatches(login: string): readonly string[];
}

export function issuePeople(instance: Instance): IssuePeople {
  const { state } = instance;
  const find = finder(instance);
  return {
    openIssue: (repo, { by, labels = [], ...text }) =>
      openIssue(instance, find.repo(repo), find.user(by), { ...text, labels }).number,
    editIssue: (repo, number, by, change) =>
      editIssue(instance, find.issue(repo, number), find.user(by), change),
    closeIssue: (repo, number, by) => setOpen(instance, find.issue(repo, number), find.user(by), false),
    comment: (repo, number, by, body) =>
      addComment(instance, find.issue(repo, number), find.user(by), body).id,
    editComment(repo, commentId, by, body) {
      const { issue, comment } = find.comment(repo, commentId);
      editComment(instance, issue, comment, find.user(by), body);
    },
    react(repo, commentId, by, content) {
      addReaction(instance, find.comment(repo, commentId).comment.reactions, find.user(by), content);
    },
    addLabel(repo, number, by, name) {
      const issue = find.issue(repo, number);
      const label = labelNamed(state, issue.repo, name);
      setLabels(instance, issue, find.user(by), [...new Set([...issue.labels, label])]);
    },
    removeLabel(repo, number, by, name) {
      const issue = find.issue(repo, number);
      const left = issue.labels.filter((label) => label.name !== name);
      setLabels(instance, issue, find.user(by), left);
    },
    startStopwatch(repo, number, by) {
      startStopwatch(instance, find.issue(repo, number), find.user(by));
    },
    issue: find.issue,
    runningStopwatches(login) {
      const running = state.stopwatches.get(find.user(login).id);
      return running ? [`${fullName(running.issue.repo)}#${running.issue.number}`] : [];
    },
  };
}

function finder({ state }: Instance) {
  const found = <T>(thing: T | null, name: string): T => {
    if (thing === null) throw new Error(`no ${name} on the local forge`);
    return thing;
  };
  const repo = (name: string) => {
    const [owner = "", repoName = ""] = name.split("/");
    return found(findRepo(state, owner, repoName), `repository ${name}`);
  };
  return {
    repo,
    user: (login: string): User => found(findUser(state, login), `account ${login}`),
    issue: (name: string, number: number): Issue => found(findIssue(repo(name), number), `${name}#${number}`),
    comment: (name: string, id: number): { issue: Issue; comment: Comment } =>
      found(findComment(repo(name), id), `comment ${id} in ${name}`),
  };
}
