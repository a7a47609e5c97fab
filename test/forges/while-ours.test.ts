import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { causeOf, fetchWhile } from "../../src/forges/while-ours.ts";
import { ForgeError } from "../../src/model/errors.ts";

const NOT_OURS = new ForgeError("not ours any more", 0, true);
const POST = { method: "POST", body: "hello" };

/** Answers with what it was sent; `/moved` sends elsewhere, as GitHub does for a repository that was renamed. */
async function openServer(t: TestContext): Promise<{ url: string; asked: string[]; bytes: () => number }> {
  const asked: string[] = [];
  let bytes = 0;
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/moved") response.writeHead(307, { location: "/new" });
    request.pipe(response);
  });
  server.on("connection", (socket) => socket.on("data", (data) => (bytes += data.length)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, bytes: () => bytes };
}

/** Ours until it was asked so often. */
function oursFor(times: number) {
  let left = times;
  return () => {
    left -= 1;
    if (left < 0) throw NOT_OURS;
  };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return causeOf(
    await promise.then(
      () => null,
      (error: unknown) => error,
    ),
    ForgeError,
  );
}

test("it is asked once more when the connection is there, and nothing is sent when the answer is no", async (t) => {
  const { url, asked, bytes } = await openServer(t);
  const heard: string[] = [];
  const connected = () => heard.push("connected");
  subscribe("undici:client:connected", connected);
  t.after(() => unsubscribe("undici:client:connected", connected));
  const ours = oursFor(1);
  const stillOurs = () => {
    heard.push("asked");
    ours();
  };
  assert.equal(await failure(fetchWhile(stillOurs)(url, POST)), NOT_OURS);
  assert.deepEqual(heard, ["asked", "connected", "asked"]);
  await fetch(url);
  assert.deepEqual(asked, ["GET /"]);
  const before = bytes();
  assert.equal(await failure(fetchWhile(oursFor(1))(url, POST)), NOT_OURS, "over a connection that was kept");
  assert.equal(bytes(), before);
});

test("who has it is answered as by any fetch, also after being sent elsewhere, of which it is asked too", async (t) => {
  const { url, asked } = await openServer(t);
  const answer = await fetchWhile(() => {})(`${url}/moved`, POST);
  assert.equal(await answer.text(), "hello");
  assert.equal(await failure(fetchWhile(oursFor(2))(`${url}/moved`, POST)), NOT_OURS);
  assert.deepEqual(asked, ["POST /moved", "POST /new", "POST /moved"]);
});

test("what breaks it off does, and what is no answer to the question is none", async (t) => {
  const { url } = await openServer(t);
  const aborted = fetchWhile(() => {})(url, { ...POST, signal: AbortSignal.abort(NOT_OURS) });
  assert.equal(await failure(aborted), NOT_OURS);
  const refused = fetchWhile(() => {})("http://127.0.0.1:1/", POST);
  await assert.rejects(refused, TypeError);
  assert.equal(await failure(refused), null);
});
