/** Comments, reactions and labels. */
import type {
  Comment as CommentReply,
  CreateIssueCommentOption,
  EditIssueCommentOption,
  EditReactionOption,
  Label,
} from "@llamaduck/forgejo-ts";
import type { Comment, Forge } from "../forge.ts";
import { type Api, at, named, need } from "./api.ts";

type Comments = Pick<Forge, "comments" | "comment" | "editComment" | "react" | "removeLabel">;

const ISSUE = "/repos/{owner}/{repo}/issues/{index}";
const COMMENT = "/repos/{owner}/{repo}/issues/comments/{id}";

export function forgejoComments(api: Api): Comments {
  return {
    /** Forgejo gives all at once. */
    async comments(repo, issue) {
      const action = `reading the comments of ${named(repo, issue)}`;
      const { data } = await api.call<CommentReply[]>(action, `GET ${ISSUE}/comments`, at(repo, issue));
      return data.map((one) => commentFrom(one, action)).sort((a, b) => a.createdAt - b.createdAt);
    },
    async comment(repo, issue, body, stillOurs) {
      const action = `posting a comment on ${named(repo, issue)}`;
      const input = { body } satisfies CreateIssueCommentOption;
      const route = `POST ${ISSUE}/comments`;
      const parameters = { ...at(repo, issue), ...input };
      const { data } = await api.call<CommentReply>(action, route, parameters, { stillOurs });
      return String(need(data.id, "id", action));
    },
    async editComment(repo, commentId, body, stillOurs) {
      const input = { body } satisfies EditIssueCommentOption;
      const parameters = { ...at(repo), id: commentId, ...input };
      await api.call(
        `editing comment ${commentId} in ${repo.owner}/${repo.name}`,
        `PATCH ${COMMENT}`,
        parameters,
        { stillOurs },
      );
    },
    async react(repo, issue, commentId, content) {
      const input = { content } satisfies EditReactionOption;
      const route = commentId === null ? `POST ${ISSUE}/reactions` : `POST ${COMMENT}/reactions`;
      const place = commentId === null ? at(repo, issue) : { ...at(repo), id: commentId };
      await api.call(`reacting on ${named(repo, issue)}`, route, { ...place, ...input });
    },
    /** By id, which the issue's own list tells: labels of the organisation have one too. */
    async removeLabel(repo, issue, name, stillOurs) {
      const action = `taking the label ${name} off ${named(repo, issue)}`;
      const { data } = await api.call<Label[]>(action, `GET ${ISSUE}/labels`, at(repo, issue));
      const label = data.find((one) => one.name === name);
      if (label === undefined) return;
      // 404 and 422: someone was faster.
      const route = `DELETE ${ISSUE}/labels/{id}`;
      const parameters = { ...at(repo, issue), id: need(label.id, "id", action) };
      await api.callUnless([404, 422], action, route, parameters, { stillOurs });
    },
  };
}

function commentFrom(reply: CommentReply, action: string): Comment {
  const createdAt = Date.parse(need(reply.created_at, "created_at", action));
  return {
    id: String(need(reply.id, "id", action)),
    // The account may be gone; nobody has the id -1.
    author: { id: reply.user?.id ?? -1, login: reply.user?.login ?? "ghost" },
    body: reply.body ?? "",
    createdAt,
    updatedAt: reply.updated_at ? Date.parse(reply.updated_at) : createdAt,
    url: reply.html_url ?? "",
  };
}
