/**
 * Where the API speaks of git, the real repositories are the truth: files, the heads of pull requests, and whether
 * there is anything to open one for. The emulator's own made-up commits never show.
 */
import {
  type ApiPart,
  type ApiReply,
  type ApiRequest,
  at,
  listOf,
  numberAt,
  refusal,
  reply,
  textAt,
} from "./api.ts";
import type { Emulator } from "./emulator.ts";
import type { GitStore } from "./git-store.ts";

const CONTENTS = /^\/repos\/([^/]+\/[^/]+)\/contents\/(.+)$/;
const PULLS = /^\/repos\/([^/]+)\/([^/]+)\/pulls(?:\/\d+)?$/;

export interface GitPartOptions {
  readonly git: GitStore;
  readonly emulator: Emulator;
  /** Repositories whose plan has no drafts. */
  readonly draftless: ReadonlySet<string>;
}

export function contentsPart({ git }: GitPartOptions): ApiPart {
  return async (request) => {
    const [, repo, encoded] = CONTENTS.exec(request.path) ?? [];
    if (!repo || !encoded || request.method !== "GET" || !request.accept.includes("raw")) return null;
    const path = encoded.replaceAll("%2F", "/");
    const ref = request.query.get("ref") ?? "main";
    const text = await git.file(repo, ref, path);
    if (text !== null)
      return reply(200, text, { "content-type": "application/vnd.github.raw+json; charset=utf-8" });
    const names = await git.folder(repo, ref, path);
    return names === null
      ? refusal(404, "Not Found")
      : reply(
          200,
          names.map((name) => ({ name, type: "file" })),
        );
  };
}

export function pullsPart(options: GitPartOptions): ApiPart {
  return async (request) => {
    const [, owner, name] = PULLS.exec(request.path) ?? [];
    if (!owner || !name) return null;
    const no = request.method === "POST" ? await refusedPull(options, request, owner, name) : null;
    const answer = no ?? (await options.emulator.request(request));
    if (answer.status >= 300) return answer;
    if (answer.status === 201) await track(options.git, `${owner}/${name}`, answer.body);
    const body = Array.isArray(answer.body)
      ? await Promise.all(answer.body.map((pull) => withTrueShas(options.git, pull)))
      : await withTrueShas(options.git, answer.body);
    return { ...answer, body };
  };
}

/** Puts the git repositories' commits into a pull request as the emulator gives it. */
export async function withTrueShas(git: GitStore, pull: unknown): Promise<unknown> {
  if (typeof pull !== "object" || pull === null) return pull;
  const end = async (side: "head" | "base") => {
    const repo = textAt(pull, side, "repo", "full_name");
    const sha = await git.resolve(repo, `refs/heads/${textAt(pull, side, "ref")}`).catch(() => null);
    return { ...(at(pull, side) as object), ...(sha !== null && { sha }) };
  };
  return { ...pull, head: await end("head"), base: await end("base") };
}

async function track(git: GitStore, repo: string, pull: unknown): Promise<void> {
  const from = textAt(pull, "head", "repo", "full_name");
  await git.track({ repo, number: numberAt(pull, "number"), from, branch: textAt(pull, "head", "ref") });
}

async function refusedPull(
  { git, emulator, draftless }: GitPartOptions,
  request: ApiRequest,
  owner: string,
  name: string,
): Promise<ApiReply | null> {
  const head = textAt(request.body, "head");
  const base = textAt(request.body, "base");
  const [branch = "", headOwner = owner] = head.split(":").reverse();
  const repo = `${owner}/${name}`;
  const from = `${headOwner}/${name}`;
  if ((await git.resolve(from, `refs/heads/${branch}`).catch(() => null)) === null) return invalid("head");
  if ((await git.resolve(repo, `refs/heads/${base}`)) === null) return invalid("base");
  if ((await git.ahead(repo, base, from, branch)) === 0) {
    return custom(`No commits between ${owner}:${base} and ${headOwner}:${branch}`);
  }
  if (at(request.body, "draft") === true && draftless.has(repo)) {
    return refusal(422, "Draft pull requests are not supported in this repository.");
  }
  const query = new URLSearchParams({ state: "open", head: `${headOwner}:${branch}`, base });
  const open = await emulator.request({ ...request, method: "GET", query, body: undefined });
  if (listOf(open.body).length === 0) return null;
  return custom(`A pull request already exists for ${headOwner}:${branch}.`);
}

function invalid(field: string): ApiReply {
  return refusal(422, "Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);
}

function custom(message: string): ApiReply {
  return refusal(422, "Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
}
