/** What is said on issues and pull requests: comments, reactions, and the label that comes off. */

import { type RepoRef, repoName } from "../../model/run.ts";
import type { Comment, Forge } from "../forge.ts";
import { fetchWhile } from "../while-ours.ts";
import type { GithubClient } from "./client.ts";
import { statusOf } from "./errors.ts";
import { GHOST } from "./parse.ts";

type Part = Pick<Forge, "comments" | "comment" | "editComment" | "react" | "removeLabel">;

const PAGE = 100;

export function comments(client: GithubClient): Part {
  return {
    async comments(repo, issue) {
      const all: Comment[] = [];
      for (let page = 1; ; page++) {
        const some = await commentPage(client, repo, issue, page);
        all.push(...some);
        if (some.length < PAGE) return all;
      }
    },

    async comment(repo, issue, body, stillOurs) {
      const { data } = await client.onRepo(repo, `commenting on ${at(repo, issue)}`, (octokit, request) =>
        octokit.rest.issues.createComment({
          ...named(repo),
          issue_number: issue,
          body,
          request: { ...request, fetch: fetchWhile(stillOurs) },
        }),
      );
      return String(data.id);
    },

    async editComment(repo, commentId, body, stillOurs) {
      const action = `editing comment ${commentId} in ${repoName(repo)}`;
      await client.onRepo(repo, action, (octokit, request) =>
        octokit.rest.issues.updateComment({
          ...named(repo),
          comment_id: Number(commentId),
          body,
          request: { ...request, fetch: fetchWhile(stillOurs) },
        }),
      );
    },

    async react(repo, issue, commentId, reaction) {
      const action = `reacting on ${at(repo, issue)}`;
      const where = { ...named(repo), content: reaction };
      await client.onRepo(repo, action, async ({ rest: { reactions } }, request) => {
        if (commentId === null)
          return await reactions.createForIssue({ ...where, issue_number: issue, request });
        return await reactions.createForIssueComment({ ...where, comment_id: Number(commentId), request });
      });
    },

    async removeLabel(repo, issue, label, stillOurs) {
      const action = `taking the label ${label} off ${at(repo, issue)}`;
      await client.onRepo(repo, action, async (octokit, request) => {
        try {
          await octokit.rest.issues.removeLabel({
            ...named(repo),
            issue_number: issue,
            name: label,
            request: { ...request, fetch: fetchWhile(stillOurs) },
          });
        } catch (error) {
          if (!isLabelGone(error)) throw error;
        }
      });
    },
  };
}

/** GitHub's 404 says in words whether the label or the whole issue is missing. */
function isLabelGone(error: unknown): boolean {
  return statusOf(error) === 404 && error instanceof Error && /label does not exist/i.test(error.message);
}

async function commentPage(
  client: GithubClient,
  repo: RepoRef,
  issue: number,
  page: number,
): Promise<Comment[]> {
  const { data } = await client.onRepo(
    repo,
    `reading the comments of ${at(repo, issue)}`,
    (octokit, request) =>
      octokit.rest.issues.listComments({
        ...named(repo),
        issue_number: issue,
        per_page: PAGE,
        page,
        request,
      }),
  );
  return data.map((comment) => ({
    id: String(comment.id),
    author: comment.user ? { id: comment.user.id, login: comment.user.login } : GHOST,
    body: comment.body ?? "",
    createdAt: Date.parse(comment.created_at),
    updatedAt: Date.parse(comment.updated_at),
    url: comment.html_url,
  }));
}

function named(repo: RepoRef): { readonly owner: string; readonly repo: string } {
  return { owner: repo.owner, repo: repo.name };
}

function at(repo: RepoRef, issue: number): string {
  return `${repoName(repo)}#${issue}`;
}
