import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { forgeContract } from "../../contracts/forge.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";

forgeContract("forgejo", async () => {
  const world = await startLocalForgeWorld();
  return {
    world,
    forgeWith({ badCredentials = false, ...rest } = {}) {
      const config = world.forgeConfig();
      const token = badCredentials ? "unknown" : config.token;
      return createForgejoForge({ config: { ...config, token }, now: Date.now, ...rest });
    },
    createTeam: async (org, team, members) => world.local.createTeam(org, team, members),
  };
});
