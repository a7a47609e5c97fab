/** One local forge and the adapter on it, for a test file of Forgejo's own quirks. */
import type { TestContext } from "node:test";
import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { type LocalForgeWorldOptions, startLocalForgeWorld } from "../../fakes/local-forge-world.ts";

export async function openForgejo(t: TestContext, options: LocalForgeWorldOptions = {}) {
  const world = await startLocalForgeWorld(options);
  t.after(() => world.close());
  const forge = createForgejoForge({ config: world.forgeConfig(), now: Date.now });
  const name = await world.createRepo({ owner: "acme", name: "app", files: { "README.md": "# App\n" } });
  const ref = { forge: forge.name, owner: "acme", name: "app" };
  const issue = await world.openIssue(name, { by: "acme", title: "Issue", body: "" });
  return { world, local: world.local, forge, name, ref, issue };
}
