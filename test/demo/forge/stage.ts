/** A local forge with one repository, and ways to speak to it as anyone. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startLocalForge } from "../../../src/demo/forge/local-forge.ts";

export async function openLocalForge(t: TestContext, now: () => number = Date.now) {
  const dir = await mkdtemp(join(tmpdir(), "local-forge-"));
  const forge = await startLocalForge({ dir, now });
  t.after(async () => {
    await forge.close();
    await rm(dir, { recursive: true, force: true });
  });
  const ada = forge.createUser("ada");
  const name = await forge.createRepo({ owner: "ada", name: "app", files: { "README.md": "# App\n" } });
  const issue = forge.openIssue(name, { by: "ada", title: "Issue", body: "" });

  /** `path` is without the API's prefix. */
  async function api(by: { token: string }, method: string, path: string, body?: object) {
    const response = await fetch(`${forge.url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${by.token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? null : (JSON.parse(text) as unknown),
      headers: response.headers,
    };
  }
  return { forge, ada, name, issue, api, dir };
}
