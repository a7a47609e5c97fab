/** Who may do what on the local forge: one place, used by the API, by git and by payloads. */
import type { Level, Repo, User } from "./state.ts";

/** Public repositories can be read by every account. */
export function levelOf(repo: Repo, user: User): Level | "owner" | "none" {
  if (repo.owner.id === user.id) return "owner";
  return repo.grants.get(user.id) ?? (repo.private ? "none" : "read");
}

export function mayRead(repo: Repo, user: User): boolean {
  return levelOf(repo, user) !== "none";
}

export function mayWrite(repo: Repo, user: User): boolean {
  return ["write", "admin", "owner"].includes(levelOf(repo, user));
}

export function mayAdminister(repo: Repo, user: User): boolean {
  return ["admin", "owner"].includes(levelOf(repo, user));
}
