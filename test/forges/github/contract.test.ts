import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { GithubForgeConfig } from "../../../src/config/config.ts";
import { forgeContract } from "../../contracts/forge.ts";
import { type FakeGithub, startFakeGithub } from "../../fakes/github/fake-github.ts";
import { forgeWith } from "./connect.ts";

for (const as of ["app", "token"] as const) {
  forgeContract(`github, the bot being a ${as}`, async () => {
    const fake = await startFakeGithub({ as });
    const world = { ...fake, close: () => closeClean(fake) };
    return {
      world,
      forgeWith({ badCredentials = false, timeoutMs = 20_000 } = {}) {
        const config = world.forgeConfig() as GithubForgeConfig;
        return forgeWith(badCredentials ? { ...config, auth: unknown(config.auth) } : config, timeoutMs);
      },
      createTeam: (org, team, members) => fake.createTeam(org, team, members),
    };
  });
}

/** Whatever the contract made us ask of GitHub is as GitHub describes it. */
async function closeClean(fake: FakeGithub): Promise<void> {
  await fake.close();
  assert.deepEqual(fake.violations(), []);
}

function unknown(auth: GithubForgeConfig["auth"]): GithubForgeConfig["auth"] {
  if (auth.as === "token") return { ...auth, token: "ghp_unknown" };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...auth, privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString() };
}
