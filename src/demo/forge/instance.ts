/** One running local forge, as its parts see it. */
import { repoDir } from "./git.ts";
import { repoShape, userShape } from "./shapes.ts";
import { fullName, type Repo, type State, type User } from "./state.ts";
import type { WebhookSender } from "./webhooks.ts";

export interface Instance {
  /** Without a trailing slash. */
  readonly url: string;
  /** Where the bare repositories are. */
  readonly root: string;
  readonly state: State;
  readonly webhooks: WebhookSender;
  now(): number;
}

/** What happened, before who and where are added. `seenBy` is whose permissions the payload shows. */
export interface News {
  readonly event: string;
  readonly type: string;
  readonly by: User;
  readonly seenBy?: User;
  readonly payload: object;
}

export function dirOf(instance: Instance, repo: Repo): string {
  return repoDir(instance.root, repo.owner.login, repo.name);
}

/** Tells every hook that can see the repository. */
export function announce(instance: Instance, repo: Repo, news: News): void {
  const { state } = instance;
  const hooks = [...repo.hooks, ...(state.orgHooks.get(repo.owner.login) ?? []), ...state.hooks];
  const payload = {
    ...news.payload,
    repository: repoShape(instance.url, repo, news.seenBy ?? news.by),
    sender: userShape(news.by),
  };
  instance.webhooks.send(hooks, { repo: fullName(repo), event: news.event, type: news.type, payload });
}
