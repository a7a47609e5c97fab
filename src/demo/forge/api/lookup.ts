/** Finds what a path names, as the asking user may see it: what may not be read is not there. */
import type { Instance } from "../instance.ts";
import { mayRead, mayWrite } from "../rights.ts";
import { ApiNo, type ApiRequest } from "../router.ts";
import {
  type Comment,
  findComment,
  findIssue,
  findRepo,
  type Issue,
  type PullPart,
  type Repo,
} from "../state.ts";

export function repoOf(instance: Instance, request: ApiRequest): Repo {
  const repo = findRepo(instance.state, request.path.owner ?? "", request.path.repo ?? "");
  if (repo === null || !mayRead(repo, request.by)) throw new ApiNo(404, "The target couldn't be found.");
  return repo;
}

export function issueOf(instance: Instance, request: ApiRequest): Issue {
  const issue = findIssue(repoOf(instance, request), Number(request.path.index));
  if (issue === null) throw new ApiNo(404, "issue does not exist");
  return issue;
}

export function pullOf(instance: Instance, request: ApiRequest): Issue & { readonly pull: PullPart } {
  const issue = issueOf(instance, request);
  if (issue.pull === null) throw new ApiNo(404, "pull request does not exist");
  return issue as Issue & { readonly pull: PullPart };
}

export function commentOf(instance: Instance, request: ApiRequest): { issue: Issue; comment: Comment } {
  const found = findComment(repoOf(instance, request), Number(request.path.id));
  if (found === null) throw new ApiNo(404, "comment does not exist");
  return found;
}

export function needWriter(repo: Repo, request: ApiRequest): void {
  if (!mayWrite(repo, request.by)) throw new ApiNo(403, "user should have permission to write");
}
