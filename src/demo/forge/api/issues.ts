/** The API's issues, comments, labels and reactions. */
import {
  addComment,
  addReaction,
  editComment,
  editIssue,
  openIssue,
  setLabels,
  setOpen,
} from "../actions/issues.ts";
import type { Instance } from "../instance.ts";
import { ApiNo, type ApiReply, type ApiRequest, page, type Route, route, stringOf } from "../router.ts";
import { commentShape, iso, issueShape, labelShape, userShape } from "../shapes.ts";
import type { Label, Reaction } from "../state.ts";
import { commentOf, issueOf, needWriter, repoOf } from "./lookup.ts";

const ISSUE = "/repos/:owner/:repo/issues/:index";
const COMMENT = "/repos/:owner/:repo/issues/comments/:id";
/** Forgejo's default REACTIONS setting. */
const REACTIONS = ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];

export function issueRoutes(instance: Instance): Route[] {
  return [
    ...commentRoutes(instance),
    ...reactionRoutes(instance),
    ...labelRoutes(instance),
    ...own(instance),
  ];
}

function own(instance: Instance): Route[] {
  return [
    route("POST /repos/:owner/:repo/issues", (request) => {
      const title = stringOf(request.body, "title");
      const body = String(request.body.body ?? "");
      const issue = openIssue(instance, repoOf(instance, request), request.by, { title, body, labels: [] });
      return { status: 201, body: issueShape(instance.url, issue) };
    }),
    route(`GET ${ISSUE}`, (request) => ({
      status: 200,
      body: issueShape(instance.url, issueOf(instance, request)),
    })),
    route(`PATCH ${ISSUE}`, (request) => {
      const issue = issueOf(instance, request);
      const { title, body, state } = request.body;
      if (issue.by !== request.by) needWriter(issue.repo, request);
      const change = {
        ...(typeof title === "string" ? { title } : {}),
        ...(typeof body === "string" ? { body } : {}),
      };
      if (Object.keys(change).length > 0) editIssue(instance, issue, request.by, change);
      if (typeof state === "string") setOpen(instance, issue, request.by, state === "open");
      return { status: 201, body: issueShape(instance.url, issue) };
    }),
  ];
}

function commentRoutes(instance: Instance): Route[] {
  const { url } = instance;
  return [
    route(`GET ${ISSUE}/comments`, (request) => {
      const issue = issueOf(instance, request);
      return { status: 200, body: issue.comments.map((comment) => commentShape(url, issue, comment)) };
    }),
    route(`POST ${ISSUE}/comments`, (request) => {
      const issue = issueOf(instance, request);
      const comment = addComment(instance, issue, request.by, stringOf(request.body, "body"));
      return { status: 201, body: commentShape(url, issue, comment) };
    }),
    route(`GET ${COMMENT}`, (request) => {
      const { issue, comment } = commentOf(instance, request);
      return { status: 200, body: commentShape(url, issue, comment) };
    }),
    route(`PATCH ${COMMENT}`, (request) => {
      const { issue, comment } = commentOf(instance, request);
      if (comment.by !== request.by) needWriter(issue.repo, request);
      editComment(instance, issue, comment, request.by, stringOf(request.body, "body"));
      return { status: 200, body: commentShape(url, issue, comment) };
    }),
  ];
}

function reactionRoutes(instance: Instance): Route[] {
  const shape = ({ by, content, at }: Reaction) => ({ user: userShape(by), content, created_at: iso(at) });
  const targets: readonly (readonly [string, (request: ApiRequest) => Reaction[]])[] = [
    [`${COMMENT}/reactions`, (request) => commentOf(instance, request).comment.reactions],
    [`${ISSUE}/reactions`, (request) => issueOf(instance, request).reactions],
  ];
  return targets.flatMap(([path, reactionsOf]) => [
    route(`GET ${path}`, (request) => ({ status: 200, body: reactionsOf(request).map(shape) })),
    route(`POST ${path}`, (request) => {
      const content = stringOf(request.body, "content");
      if (!REACTIONS.includes(content)) throw new ApiNo(403, `'${content}' is not an allowed reaction`);
      const isNew = addReaction(instance, reactionsOf(request), request.by, content);
      return { status: isNew ? 201 : 200, body: shape({ by: request.by, content, at: instance.now() }) };
    }),
  ]);
}

function labelRoutes(instance: Instance): Route[] {
  return [
    route("GET /repos/:owner/:repo/labels", (request) =>
      page(repoOf(instance, request).labels, request.query, labelShape),
    ),
    route(`GET ${ISSUE}/labels`, (request) => ({
      status: 200,
      body: issueOf(instance, request).labels.map(labelShape),
    })),
    route(`POST ${ISSUE}/labels`, (request) => {
      const issue = issueOf(instance, request);
      needWriter(issue.repo, request);
      const named = labelsIn(request, issue.repo.labels);
      setLabels(instance, issue, request.by, [...new Set([...issue.labels, ...named])]);
      return { status: 200, body: issue.labels.map(labelShape) };
    }),
    route(`DELETE ${ISSUE}/labels/:id`, (request) => removeLabel(instance, request)),
  ];
}

/** By ids or by names, not mixed; unknown names are silently ignored. */
function labelsIn(request: ApiRequest, known: readonly Label[]): readonly Label[] {
  const wanted = Array.isArray(request.body.labels) ? request.body.labels : [];
  if (new Set(wanted.map((one) => typeof one)).size > 1)
    throw new ApiNo(400, "labels: ids or names, not both");
  return known.filter((label) => wanted.includes(label.id) || wanted.includes(label.name));
}

/** Only by id, as older Forgejo has it. */
function removeLabel(instance: Instance, request: ApiRequest): ApiReply {
  const issue = issueOf(instance, request);
  needWriter(issue.repo, request);
  const id = Number(request.path.id);
  if (!issue.repo.labels.some((label) => label.id === id)) throw new ApiNo(422, "label does not exist");
  setLabels(
    instance,
    issue,
    request.by,
    issue.labels.filter((label) => label.id !== id),
  );
  return { status: 204 };
}
