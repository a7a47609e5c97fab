import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { connect } from "./connect.ts";

const manifest = parse(readFileSync(new URL("../../../app.yml", import.meta.url), "utf8"));

test("an App made from app.yml may do all that the bot must, and no more", async (t) => {
  const { world, forge } = await connect(t);
  const { default_permissions: permissions, default_events: events } = manifest;
  const app = { id: 1, slug: "bot", name: "bot", html_url: "", installations_count: 1, permissions, events };
  world.answer("GET", /^\/app$/, 200, app);
  assert.deepEqual([(await forge.probe()).ready, (await forge.probe()).fix], [true, null]);
  assert.deepEqual(permissions, {
    issues: "write",
    pull_requests: "write",
    contents: "write",
    checks: "write",
    metadata: "read",
  });
});

test("app.yml leaves the webhook's address to the server, and the App to its maker", () => {
  assert.equal(manifest.hook_attributes, undefined);
  assert.equal(manifest.public, false);
});
