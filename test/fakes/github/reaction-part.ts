/** Reactions on issues and comments, which the emulator lacks. */
import { type ApiPart, type ApiRequest, refusal, reply, textAt } from "./api.ts";
import type { Directory } from "./directory.ts";
import type { Emulator } from "./emulator.ts";
import { userJson } from "./people-part.ts";

const ROUTE = /^\/repos\/([^/]+\/[^/]+)\/issues\/(comments\/\d+|\d+)\/reactions$/;
const KNOWN = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

export interface Reaction {
  readonly id: number;
  /** `owner/name/comments/1` or `owner/name/1`. */
  readonly on: string;
  readonly by: string;
  readonly content: string;
}

export class Reactions {
  readonly all: Reaction[] = [];

  /** The reaction, and whether it is new: the same one again is the old one. */
  add(on: string, by: string, content: string): { reaction: Reaction; isNew: boolean } {
    const known = this.all.find((one) => one.on === on && one.by === by && one.content === content);
    if (known) return { reaction: known, isNew: false };
    const reaction = { id: this.all.length + 1, on, by, content };
    this.all.push(reaction);
    return { reaction, isNew: true };
  }
}

export interface ReactionOptions {
  readonly reactions: Reactions;
  readonly emulator: Emulator;
  readonly directory: Directory;
  readonly actor: (token: string) => string;
  readonly url: string;
}

export function reactionPart(options: ReactionOptions): ApiPart {
  const { reactions, emulator, directory, url } = options;
  return async (request) => {
    const [, repo, on] = ROUTE.exec(request.path) ?? [];
    if (!repo || !on || request.method !== "POST") return null;
    const target = await emulator.request(get(request, `/repos/${repo}/issues/${on}`));
    if (target.status !== 200) return target;
    const content = textAt(request.body, "content");
    if (!KNOWN.includes(content))
      return refusal(422, "Validation Failed", [{ field: "content", code: "invalid" }]);
    const by = options.actor(request.token);
    const { reaction, isNew } = reactions.add(`${repo}/${on}`, by, content);
    const account = directory.byLogin(by);
    const user = account ? userJson(account, url) : null;
    return reply(isNew ? 201 : 200, { id: reaction.id, content, user, created_at: new Date().toISOString() });
  };
}

function get(request: ApiRequest, path: string): ApiRequest {
  return { ...request, method: "GET", path, query: new URLSearchParams(), body: undefined };
}
