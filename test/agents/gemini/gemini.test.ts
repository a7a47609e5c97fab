import assert from "node:assert/strict";
import { test } from "node:test";
import { createGemini } from "../../../src/agents/gemini/gemini.ts";
import { REQUEST } from "../../contracts/agent.ts";

for (const auth of ["gemini-api-key", "vertex-ai", "oauth-personal"] as const) {
  test(`its settings choose ${auth}, so that it does not ask how to log in`, () => {
    const [file, ...others] = createGemini({ auth, baseUrl: null }).launch(REQUEST).files;
    assert.deepEqual(others, []);
    assert.equal(file?.path, ".gemini/settings.json");
    assert.equal(JSON.parse(file?.content ?? "").security.auth.selectedType, auth);
  });
}
