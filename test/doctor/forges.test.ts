import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeClock, judgeCredentials, judgeRights, judgeTimeTracking } from "../../src/doctor/forges.ts";
import { judgeSpace } from "../../src/doctor/host.ts";
import { type Answer, judgeChannel, judgeWay } from "../../src/doctor/webhooks.ts";

test("credentials: what the forge's probe says, with its fix", () => {
  const judge = (ready: boolean, fix: string | null) =>
    judgeCredentials({ ready, summary: "a as b", fix }).result;
  assert.deepEqual(
    [judge(true, null), judge(true, "install it"), judge(false, "x")],
    ["pass", "warn", "fail"],
  );
});

test("permissions: what is lacking is named, what is not told is a warning", () => {
  assert.equal(judgeRights({ lacking: [], unknown: null }).result, "pass");
  const lacking = judgeRights({ lacking: ["write:issue", "read:organization"], unknown: null });
  assert.deepEqual([lacking.result, lacking.detail], ["fail", "lacking: write:issue, read:organization"]);
  assert.deepEqual(judgeRights({ lacking: [], unknown: "not told" }).result, "warn");
});

test("clock: seconds off pass, a minute off fails, and which way is said", () => {
  const now = Date.UTC(2026, 10, 27, 12);
  assert.equal(judgeClock(now - 3_000, now).result, "pass");
  assert.equal(judgeClock(now - 20_000, now).result, "warn");
  const ahead = judgeClock(now - 90_000, now);
  assert.deepEqual([ahead.result, ahead.detail], ["fail", "90 s ahead of the forge's"]);
  assert.match(judgeClock(now + 90_000, now).detail, /90 s behind/);
  assert.equal(judgeClock(null, now).result, "warn");
});

test("time tracking: off in some repository is a warning that names it", () => {
  assert.equal(judgeTimeTracking(2, []).result, "pass");
  assert.match(judgeTimeTracking(2, ["acme/shop"]).detail, /off in acme\/shop/);
  assert.match(judgeTimeTracking(0, []).detail, /could not be tried/);
});

test("space: too little for webhooks fails, little warns", () => {
  const mb = 1024 * 1024;
  const judge = (bytes: number) => judgeSpace(bytes, "/d").result;
  assert.deepEqual([judge(10 * mb), judge(500 * mb), judge(9_000 * mb)], ["fail", "warn", "pass"]);
});

const answer = (status: number, ours = false): Answer => ({ status, ours, why: "connect ECONNREFUSED" });

test("webhooks: our own door at the public address passes; anything else fails while we serve", () => {
  const way = { url: "https://d.example/api/webhooks/x", path: "/api/webhooks/x", listen: "127.0.0.1:3000" };
  const judge = (one: Answer, serving: boolean) => judgeWay({ ...way, answer: one, serving });
  assert.equal(judge(answer(405, true), true).result, "pass");
  const wrong = judge(answer(404), true);
  assert.deepEqual([wrong.result, wrong.detail], ["fail", `${way.url} answers 404`]);
  assert.match(wrong.fix ?? "", /pass \/api\/webhooks\/x on to 127\.0\.0\.1:3000/);
  assert.match(judge(answer(0), true).detail, /cannot be reached: connect ECONNREFUSED/);
});

test("webhooks: without a server that answers nothing can be said, which is said", () => {
  const way = { url: "https://d.example/x", path: "/x", listen: "127.0.0.1:3000", serving: false };
  const judged = judgeWay({ ...way, answer: answer(502) });
  assert.equal(judged.result, "warn");
  assert.match(judged.detail, /could not be tried: no server of ours answers on 127\.0\.0\.1:3000/);
});

test("webhooks: a channel that answers passes", () => {
  assert.deepEqual(
    [200, 404, 0].map((status) => judgeChannel(answer(status)).result),
    ["pass", "fail", "fail"],
  );
});
