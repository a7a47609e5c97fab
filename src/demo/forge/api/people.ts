/** The API's accounts, permissions and teams. */
import type { Instance } from "../instance.ts";
import { levelOf, mayAdminister } from "../rights.ts";
import { ApiNo, type ApiRequest, page, type Route, route } from "../router.ts";
import { userShape } from "../shapes.ts";
import { findUser, type User } from "../state.ts";
import { repoOf } from "./lookup.ts";

const COLLABORATOR = "/repos/:owner/:repo/collaborators/:login";

export function peopleRoutes(instance: Instance): Route[] {
  /** Bots of the forge itself have no account to be found. */
  const userOf = (request: ApiRequest): User => {
    const user = findUser(instance.state, request.path.login ?? "");
    if (user === null || user.id < 0) throw new ApiNo(404, "user redirect does not exist");
    return user;
  };
  return [
    route("GET /version", () => ({ status: 200, body: { version: "15.0.0+local" } })),
    route("GET /user", (request) => ({ status: 200, body: userShape(request.by) })),
    route("GET /users/search", (request) => {
      const uid = Number(request.query.get("uid") ?? 0);
      const users = instance.state.users.filter(({ id }) => (uid > 0 ? id === uid : id > 0));
      const { body, ...rest } = page(users, request.query, userShape);
      return { ...rest, body: { ok: true, data: body } };
    }),
    route("GET /users/:login", (request) => ({ status: 200, body: userShape(userOf(request)) })),
    route(`GET ${COLLABORATOR}`, (request) => {
      const isCollaborator = repoOf(instance, request).grants.has(userOf(request).id);
      return { status: isCollaborator ? 204 : 404 };
    }),
    route(`GET ${COLLABORATOR}/permission`, (request) => {
      const repo = repoOf(instance, request);
      const user = userOf(request);
      if (user !== request.by && !mayAdminister(repo, request.by)) {
        throw new ApiNo(
          403,
          "Only admins can query all permissions, repo admins can query all repo permissions",
        );
      }
      const permission = levelOf(repo, user);
      return { status: 200, body: { permission, role_name: permission, user: userShape(user) } };
    }),
    ...teamRoutes(instance, userOf),
  ];
}

function teamRoutes(instance: Instance, userOf: (request: ApiRequest) => User): Route[] {
  return [
    route("GET /orgs/:org/teams/search", (request) => {
      const word = (request.query.get("q") ?? "").toLowerCase();
      const teams = instance.state.teams.filter(
        (team) => team.org === request.path.org && team.name.toLowerCase().includes(word),
      );
      const { body, ...rest } = page(teams, request.query, ({ id, name }) => ({ id, name }));
      return { ...rest, body: { ok: true, data: body } };
    }),
    route("GET /teams/:id/members/:login", (request) => {
      const team = instance.state.teams.find(({ id }) => id === Number(request.path.id));
      const user = userOf(request);
      if (!team?.members.has(user.id)) throw new ApiNo(404, "not a member");
      return { status: 200, body: userShape(user) };
    }),
  ];
}
