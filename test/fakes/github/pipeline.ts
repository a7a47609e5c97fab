/** A request's way through the fake's API: known token → what we answer ourselves → the emulator. */
import { type ApiPart, type ApiReply, type ApiRequest, refusal, reply, textAt } from "./api.ts";
import type { Authority } from "./authority.ts";
import type { Directory } from "./directory.ts";
import { APP, type Emulator } from "./emulator.ts";
import { contentsPart, type GitPartOptions, pullsPart } from "./git-part.ts";
import { isSignedBy } from "./jwt.ts";
import { peoplePart } from "./people-part.ts";
import { Reactions, reactionPart } from "./reaction-part.ts";

export interface CheckRun {
  readonly repo: string;
  readonly by: string;
  /** As the API gives it. */
  readonly run: unknown;
}

export interface Pipeline {
  handle(request: ApiRequest): Promise<ApiReply>;
  readonly reactions: Reactions;
  readonly checkRuns: readonly CheckRun[];
  /** Comment id → how often it was edited. */
  readonly edits: ReadonlyMap<string, number>;
}

export interface PipelineOptions extends GitPartOptions {
  readonly emulator: Emulator;
  readonly directory: Directory;
  readonly url: string;
  readonly authority: Authority;
  /** Before the emulator: what else the fake answers itself. */
  readonly more: readonly ApiPart[];
}

/** The only paths an App may ask for as itself. */
const FOR_APPS = /^\/app(?:\/|$)|\/installation$/;
const LABEL = /^(\/repos\/[^/]+\/[^/]+\/issues\/\d+)\/labels\/[^/]+$/;
const ORG_INSTALLATION = /^\/orgs\/([^/]+)\/installation$/;
const CHECK_RUNS = /^\/repos\/([^/]+\/[^/]+)\/commits\/([^/]+)\/check-runs$/;
const COMMENT = /\/issues\/comments\/(\d+)$/;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { authority, directory, emulator, url } = options;
  const reactions = new Reactions();
  const checkRuns: CheckRun[] = [];
  const edits = new Map<string, number>();
  const actor = (token: string) => directory.byToken(token)?.login ?? `${APP.slug}[bot]`;
  const parts: readonly ApiPart[] = [
    (request) => authority.refuses(request) ?? refusedToken(request, options),
    ...options.more,
    peoplePart(directory, url),
    reactionPart({ reactions, emulator, directory, actor, url }),
    contentsPart(options),
    pullsPart(options),
    (request) => labelPart(request, emulator),
    (request) => checkRunsPart(request, checkRuns),
    async (request) =>
      authority.outward(request, await emulator.request(inEmulatorsWords(authority.inward(request)))),
  ];

  async function answered(request: ApiRequest): Promise<ApiReply> {
    for (const part of parts) {
      const answer = await part(request);
      if (answer !== null) return answer;
    }
    return refusal(404, "Not Found");
  }

  return {
    reactions,
    checkRuns,
    edits,
    async handle(request) {
      const answer = await answered(request);
      const commentId = COMMENT.exec(request.path)?.[1];
      if (request.method === "PATCH" && commentId && answer.status === 200) {
        edits.set(commentId, (edits.get(commentId) ?? 0) + 1);
      }
      if (request.method === "POST" && request.path.endsWith("/check-runs") && answer.status === 201) {
        const repo = request.path.split("/").slice(2, 4).join("/");
        checkRuns.push({ repo, by: actor(request.token), run: answer.body });
      }
      return answer;
    },
  };
}

/** GitHub refuses bad tokens and keys, and the App's own key outside the App's own paths; the emulator does neither. */
function refusedToken(request: ApiRequest, { directory, emulator }: PipelineOptions): ApiReply | null {
  const { token, path } = request;
  if (!token.startsWith("eyJ")) return directory.knows(token) ? null : refusal(401, "Bad credentials");
  if (!isSignedBy(emulator.privateKey, token)) {
    return refusal(401, "A JSON web token could not be decoded");
  }
  return FOR_APPS.test(path) ? null : refusal(401, "Bad credentials");
}

/** GitHub's 404 says that it is the label that is missing. */
async function labelPart(request: ApiRequest, emulator: Emulator): Promise<ApiReply | null> {
  const [, issue] = LABEL.exec(request.path) ?? [];
  if (!issue || request.method !== "DELETE") return null;
  const answer = await emulator.request(request);
  if (answer.status !== 404) return answer;
  const there = await emulator.request({
    ...request,
    method: "GET",
    path: `${issue}/labels`,
    body: undefined,
  });
  return there.status === 200 ? refusal(404, "Label does not exist") : answer;
}

/** The emulator lists them only for commits of its own. */
function checkRunsPart(request: ApiRequest, all: readonly CheckRun[]): ApiReply | null {
  const [, repo, sha] = CHECK_RUNS.exec(request.path) ?? [];
  if (!repo || request.method !== "GET") return null;
  const name = request.query.get("check_name");
  const found = all.filter((one) => one.repo === repo && textAt(one.run, "head_sha") === sha);
  const runs = found.map((one) => one.run).filter((run) => name === null || textAt(run, "name") === name);
  return reply(200, { total_count: runs.length, check_runs: runs });
}

/** Organisations are ordinary accounts in the emulator. */
function inEmulatorsWords(request: ApiRequest): ApiRequest {
  const [, org] = ORG_INSTALLATION.exec(request.path) ?? [];
  return org ? { ...request, path: `/users/${org}/installation` } : request;
}

/** The message of an error in GitHub's words; for the fake's own use of the API. */
export function must(answer: ApiReply, doing: string): unknown {
  if (answer.status < 300) return answer.body;
  throw new Error(`the fake GitHub, ${doing}: ${answer.status} ${textAt(answer.body, "message")}`);
}
