/** Lets accounts at the local forge's git, by token, and tells of what they pushed. */
import { tellPush } from "./actions/pulls.ts";
import { type GitRequest, gitHttp } from "./git-http.ts";
import type { Instance } from "./instance.ts";
import { mayRead, mayWrite } from "./rights.ts";
import type { Handler } from "./server.ts";
import { findRepo, type User } from "./state.ts";

export function gitGate(instance: Instance): Handler {
  return gitHttp({
    root: instance.root,
    authorize(request) {
      const user = userOf(instance, request);
      const repo = findRepo(instance.state, request.owner, request.repo);
      if (user === null) return "unauthorized";
      // A repository that may not be read is answered as one that is not there, by git itself.
      if (repo === null) return "ok";
      return (request.write ? mayWrite : mayRead)(repo, user) ? "ok" : "forbidden";
    },
    pushed(request) {
      const user = userOf(instance, request);
      const repo = findRepo(instance.state, request.owner, request.repo);
      // The repository's folder may go while its last push is being told.
      if (user && repo) tellPush(instance, repo, user).catch(() => {});
    },
  });
}

function userOf(instance: Instance, { user, password }: GitRequest): User | null {
  return instance.state.users.find((one) => one.login === user && one.token === password) ?? null;
}
