import assert from "node:assert/strict";
import { test } from "node:test";
import { openLocalForge } from "./stage.ts";

test("requests fail so many times, with the status and the headers that were asked for", async (t) => {
  const { forge, ada, api } = await openLocalForge(t);
  forge.fail("GET", /^\/user$/, 429, { headers: { "retry-after": "7" }, times: 1 });
  const { status, headers } = await api(ada, "GET", "/user");
  assert.deepEqual([status, headers.get("retry-after")], [429, "7"]);
  assert.equal((await api(ada, "GET", "/user")).status, 200);
});

test("a dice decides which requests fail, whatever their method, until it is ended", async (t) => {
  const { forge, ada, api } = await openLocalForge(t);
  const dice = [true, false, true];
  const end = forge.fail(null, /^\/repos\//, 503, { when: () => dice.shift() ?? true });
  const status = async (method: string) => (await api(ada, method, "/repos/ada/app")).status;
  assert.deepEqual([await status("GET"), await status("GET"), await status("DELETE")], [503, 200, 503]);
  end();
  assert.equal(await status("GET"), 200);
});

test("webhooks of one repository can be lost while those of others arrive", async (t) => {
  const { forge, name } = await openLocalForge(t);
  const other = await forge.createRepo({ owner: "ada", name: "other", files: { a: "a" } });
  forge.setHook("http://127.0.0.1:9/", "s");
  const end = forge.disturb({ kind: "drop" }, { fits: ({ repo }) => repo === name });
  forge.comment(name, 1, "ada", "lost");
  forge.openIssue(other, { by: "ada", title: "Other", body: "" });
  end();
  forge.comment(name, 1, "ada", "sent");
  assert.deepEqual(
    forge.deliveries().map(({ status }) => status),
    [0, null, null],
  );
});
