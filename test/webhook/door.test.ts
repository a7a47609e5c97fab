import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { BODY, bare, openDoorstep, signed } from "./doorstep.ts";

test("a signed delivery is on disk when the sender reads 202", async (t) => {
  const { store, knock } = await openDoorstep(t);
  assert.equal((await knock(BODY)).status, 202);
  assert.deepEqual(await store.nextDeliveries(10), [
    { id: "d1", forge: "github", event: "issue_comment", body: BODY, receivedAt: 1_000 },
  ]);
});

test("each forge has its path, GitHub also the one that Apps are registered with", async (t) => {
  const { store, codeberg, knock } = await openDoorstep(t);
  assert.equal((await knock(BODY, { path: "/api/github/webhooks?x=1" })).status, 202);
  assert.equal((await knock(BODY, { forge: codeberg, id: "d2" })).status, 202);
  assert.deepEqual(
    (await store.nextDeliveries(10)).map(({ forge, id }) => [forge, id]),
    [
      ["github", "d1"],
      ["codeberg", "d2"],
    ],
  );
});

test("a delivery sent twice is stored once and answered the same", async (t) => {
  const { store, knock } = await openDoorstep(t);
  assert.equal((await knock(BODY)).status, 202);
  assert.equal((await knock(BODY)).status, 202);
  assert.equal((await store.nextDeliveries(10)).length, 1);
});

test("a wrong, missing or empty signature, or another forge's, is 401 without a hint, and nothing is stored", async (t) => {
  const { store, github, codeberg, knock, logged } = await openDoorstep(t);
  Object.assign(codeberg, { secret: "another secret of sixteen" });
  for (const signature of ["sha256=", "sha256=00", undefined, codeberg.sign(BODY), github.sign(`${BODY} `)]) {
    const answer = await knock(BODY, { headers: { "x-hub-signature-256": signature } });
    assert.deepEqual([answer.status, answer.body], [401, "Unauthorized"]);
  }
  assert.deepEqual(await store.nextDeliveries(10), []);
  assert.deepEqual(
    [logged[0]?.forge, logged[0]?.delivery, logged[0]?.status, logged[0]?.reason],
    ["github", "d1", 401, "wrong or missing signature"],
  );
});

test("what is no webhook of ours is refused by its status alone", async (t) => {
  const { store, github, knock, logged } = await openDoorstep(t);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const refusals = [
    [404, await knock(BODY, { path: "/api/webhooks/other" })],
    [404, await knock(BODY, { path: "/api/webhooks/" })],
    [405, await knock("", { method: "GET" })],
    [405, await knock(BODY, { method: "PUT" })],
    [415, await knock(BODY, { headers: form })],
    [415, await knock(BODY, { headers: { "content-type": undefined } })],
    [415, await knock(BODY, { headers: { "content-encoding": "gzip" } })],
    [400, await knock(BODY, { headers: { "x-github-delivery": undefined } })],
    [400, await knock(BODY, { id: "x".repeat(256) })],
    [400, await knock("{")],
    [400, await knock("[]")],
    [400, await knock("null")],
    [400, await knock("")],
    [400, await knock(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
  ] as const;
  for (const [status, answer] of refusals) {
    assert.equal(answer.status, status);
    assert.match(answer.body, /^[A-Z][A-Za-z ]+$/);
  }
  assert.deepEqual(await store.nextDeliveries(10), []);
  assert.equal(logged.length, refusals.length);
  assert.ok(
    !JSON.stringify(logged).includes("dispatch ✓") && !JSON.stringify(logged).includes(github.secret),
  );
});

test("other paths are left to the server's other handlers", async (t) => {
  const { knock } = await openDoorstep(t);
  for (const path of ["/", "/api/webhook/github", "/api/github/webhooks/x"]) {
    assert.equal((await knock(BODY, { path })).body, "not ours");
  }
});

test("a body over the limit is 413, by its announced length and by its true one, and the connection ends", async (t) => {
  const { port, github, knock, store } = await openDoorstep(t, { maxBytes: 1_000 });
  const exact = `{"a":"${"x".repeat(1_000 - 8)}"}`;
  assert.equal((await knock(exact)).status, 202);
  const announced = await knock(`${exact} `, { id: "d2" });
  assert.deepEqual([announced.status, announced.headers.connection], [413, "close"]);
  const head = Object.entries({ ...signed(github, "", "d3"), "transfer-encoding": "chunked" });
  const chunk = `400\r\n${"x".repeat(1_024)}\r\n`;
  const { said } = bare(port, `POST /api/webhooks/github HTTP/1.1\r\nHost: x\r\n${lines(head)}\r\n${chunk}`);
  assert.match(await said, /^HTTP\/1\.1 413 /);
  assert.equal((await store.nextDeliveries(10)).length, 1);
});

test("25 MB pass, and a sender of more gets to read its 413 while still sending", async (t) => {
  const { knock } = await openDoorstep(t);
  const body = Buffer.alloc(25 * 2 ** 20, " ");
  body.write("{}");
  assert.equal((await knock(body)).status, 202);
  assert.equal((await knock(Buffer.concat([body, body]))).status, 413);
});

test("a sender that reads only after it has sent everything still finds its 413", async (t) => {
  const { port, github, logged } = await openDoorstep(t, { maxBytes: 1_000 });
  const head = lines(Object.entries({ ...signed(github, ""), "content-length": "4000000" }));
  const { socket, said } = bare(port, `POST /api/webhooks/github HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
  socket.pause();
  while (logged.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => socket.write(Buffer.alloc(4_000_000), resolve));
  socket.resume();
  assert.match(await said, /^HTTP\/1\.1 413 /);
});

test("a body that is not complete in time is dropped, however it drips", async (t) => {
  const { port, github, logged } = await openDoorstep(t, { bodyMs: 40 });
  const head = lines(Object.entries({ ...signed(github, "", "slow"), "content-length": "100" }));
  const { socket, said } = bare(port, `POST /api/webhooks/github HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
  const drip = setInterval(() => socket.write("x"), 10);
  assert.match(await said, /^HTTP\/1\.1 408 /);
  clearInterval(drip);
  assert.deepEqual([logged[0]?.status, logged[0]?.delivery], [408, "slow"]);
});

test("all senders together get so much memory and no more, and it is free again afterwards", async (t) => {
  const { port, github, knock, logged } = await openDoorstep(t, { maxBytesInAll: 5_000 });
  const head = lines(Object.entries({ ...signed(github, "", "first"), "content-length": "9000" }));
  const { socket, said } = bare(port, `POST /api/webhooks/github HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
  socket.write(Buffer.alloc(6_000));
  assert.match(await said, /^HTTP\/1\.1 503 /);
  assert.match(String(logged[0]?.reason), /too many bodies at once/);
  assert.equal((await knock(BODY)).status, 202);
});

test("a sender that goes away in the middle leaves nothing behind", async (t) => {
  const { port, github, store, logged } = await openDoorstep(t);
  const head = lines(Object.entries({ ...signed(github, BODY), "content-length": "100" }));
  const { socket } = bare(port, `POST /api/webhooks/github HTTP/1.1\r\nHost: x\r\n${head}\r\n{`);
  await once(socket, "connect");
  while (logged.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  }
  assert.equal(logged[0]?.reason, "the sender went away");
  assert.deepEqual(await store.nextDeliveries(10), []);
});

test("a store that can not write makes it 503, never a 2xx", async (t) => {
  const receive = async () => {
    throw new Error("database or disk is full");
  };
  const { knock, logged } = await openDoorstep(t, { store: { receive } });
  const answer = await knock(BODY);
  assert.deepEqual([answer.status, answer.body], [503, "Service Unavailable"]);
  assert.equal(logged[0]?.reason, "storing the delivery: database or disk is full");
});

test("a 2xx waits for the disk", async (t) => {
  const disk = Promise.withResolvers<boolean>();
  const { knock } = await openDoorstep(t, { store: { receive: () => disk.promise } });
  let answered = false;
  const answer = knock(BODY).then(({ status }) => {
    answered = true;
    return status;
  });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(answered, false);
  disk.resolve(true);
  assert.equal(await answer, 202);
});

test("the forge's API is not asked for anything", async (t) => {
  const { github, knock } = await openDoorstep(t);
  await knock(BODY);
  assert.deepEqual(github.calls, []);
});

test("a refusal of a whole request keeps the connection for the next one", async (t) => {
  const { port, github } = await openDoorstep(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses: number[] = [];
  const ports = new Set<number | undefined>();
  for (const headers of [signed(github, "wrong"), signed(github, BODY)]) {
    const req = request({
      host: "127.0.0.1",
      port,
      path: "/api/webhooks/github",
      method: "POST",
      headers,
      agent,
    });
    req.end(BODY);
    const [res] = await once(req, "response");
    ports.add(req.socket?.localPort);
    statuses.push(res.statusCode);
    await once(res.resume(), "end");
  }
  agent.destroy();
  assert.deepEqual([statuses, ports.size], [[401, 202], 1]);
});

function lines(headers: readonly (readonly [string, string])[]): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
