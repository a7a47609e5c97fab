/**
 * Cuts the requests our adapter sends out of GitHub's OpenAPI description (13 MB, MIT), so that the fake can check
 * them. Answers are left out: the fake makes them. To make it anew, in some other folder:
 *
 *   npm install --no-save @octokit/openapi
 *   node .../make-openapi-excerpt.ts node_modules/@octokit/openapi/generated/api.github.com.json \
 *     > .../test/fakes/github-openapi.json
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Everything the adapter and its authentication call. */
const OPERATIONS: readonly string[] = [
  "GET /app",
  "GET /app/hook/deliveries",
  "GET /app/hook/deliveries/{delivery_id}",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "GET /app/installations",
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /orgs/{org}/installation",
  "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
  "GET /repos/{owner}/{repo}",
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
  "GET /repos/{owner}/{repo}/contents/{path}",
  "GET /repos/{owner}/{repo}/installation",
  "GET /repos/{owner}/{repo}/issues",
  "GET /repos/{owner}/{repo}/issues/comments",
  "GET /repos/{owner}/{repo}/issues/{issue_number}",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/events",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions",
  "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
  "GET /repos/{owner}/{repo}/pulls",
  "POST /repos/{owner}/{repo}/pulls",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
  "POST /repos/{owner}/{repo}/check-runs",
  "GET /user",
  "GET /user/repos",
  "GET /user/{account_id}",
  "GET /users/{username}",
];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Words for people, which no check needs. */
const PROSE = new Set(["description", "example", "examples", "externalDocs", "title", "summary", "tags"]);

function excerpt(description: Json): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) {
    const [method = "", path = ""] = operation.split(" ");
    const found = at(description, ["paths", path, method.toLowerCase()]);
    if (found === undefined) throw new Error(`GitHub's description has no ${operation}`);
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = {
      operationId: at(found, ["operationId"]) ?? null,
      parameters: resolve(at(found, ["parameters"]) ?? [], description),
      ...(at(found, ["requestBody"]) && {
        requestBody: resolve(at(found, ["requestBody"]) ?? null, description),
      }),
    };
  }
  return { openapi: at(description, ["openapi"]) ?? null, info: at(description, ["info"]) ?? null, paths };
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null || Array.isArray(here)) return undefined;
    here = (here as { readonly [key: string]: Json })[key];
  }
  return here;
}

/** Puts what a `$ref` names in its place. What we ask for is free of cycles. */
function resolve(value: Json, description: Json, isName = false): Json {
  if (Array.isArray(value)) return value.map((one: Json) => resolve(one, description));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  const reference = entries.find(([key]) => key === "$ref")?.[1];
  if (typeof reference === "string") {
    const target = at(description, reference.replace(/^#\//, "").split("/"));
    if (target === undefined) throw new Error(`GitHub's description has no ${reference}`);
    return resolve(target, description);
  }
  const kept = entries.filter(([key]) => isName || !PROSE.has(key));
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, resolve(inner, description, !isName && key === "properties")]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const file = process.argv[2];
  if (!file) throw new Error("usage: node make-openapi-excerpt.ts api.github.com.json > github-openapi.json");
  process.stdout.write(`${JSON.stringify(excerpt(JSON.parse(readFileSync(file, "utf8"))), null, 1)}\n`);
}
