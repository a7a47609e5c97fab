import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request as startRequest } from "node:http";
import { createServer as createSecure } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createEgress } from "../../src/egress/egress.ts";
import type { KeyHeader } from "../../src/egress/policy.ts";
import { KEY, listen, NO_OUTER, openProxy, serve, TOKEN } from "./stage.ts";

const provider = (place: string, header: KeyHeader | null, path = "/v1") => ({
  baseUrl: `http://${place}${path}`,
  token: TOKEN,
  key: header && { header, value: KEY },
});

test("the run's token becomes the key, in the header of the provider, at the provider's own path", async (t) => {
  for (const [header, shown, wanted] of [
    ["authorization", `Bearer ${TOKEN}`, `Bearer ${KEY}`],
    ["x-api-key", TOKEN, KEY],
    ["x-goog-api-key", TOKEN, KEY],
  ] as const) {
    const seen: [string | undefined, IncomingHttpHeaders][] = [];
    const place = await serve(t, (request, response) => {
      seen.push([request.url, request.headers]);
      response.end("ok");
    });
    const { ask } = await openProxy(t, { provider: provider(place, header) });
    const others = { cookie: "a=b", "api-key": TOKEN, "anthropic-version": "2023-06-01" };
    const answer = await ask("/provider/models?key=x", { headers: { ...others, [header]: shown } });
    assert.equal(answer.body, "ok");
    const [url, headers] = seen[0]!;
    assert.equal(url, "/v1/models?key=x");
    assert.equal(headers[header], wanted);
    assert.equal(headers.host, place);
    assert.equal(headers["anthropic-version"], "2023-06-01");
    const rest = Object.entries(headers).filter(([name]) => name !== header);
    assert.ok(!JSON.stringify(rest).includes(TOKEN) && headers.cookie === undefined);
  }
});

test("a wrong token, one in another header and none at all are 401, and nobody is asked", async (t) => {
  let asked = 0;
  const place = await serve(t, (_, response) => void response.end(String(++asked)));
  const { ask } = await openProxy(t, { provider: provider(place, "authorization") });
  for (const headers of [
    {},
    { authorization: "Bearer " },
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: `Bearer ${KEY}` },
    { "x-api-key": TOKEN },
  ]) {
    const answer = await ask("/provider/models", { headers: headers as Record<string, string> });
    assert.equal(answer.status, 401);
  }
  assert.equal(asked, 0);
});

test("a provider without a key is asked without one, whatever the run shows", async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const place = await serve(t, (request, response) => {
    seen.push(request.headers);
    response.end("ok");
  });
  const { ask } = await openProxy(t, { provider: provider(place, null, "") });
  assert.equal((await ask("/provider/v1/models")).body, "ok");
  await ask("/provider/v1/models", { headers: { authorization: "Bearer mine" } });
  for (const headers of seen) assert.equal(headers.authorization, undefined);
});

test("no way of writing a path leads out of the provider's", async (t) => {
  const seen: (string | undefined)[] = [];
  const place = await serve(t, (request, response) => {
    seen.push(request.url);
    response.end();
  });
  const { ask } = await openProxy(t, { provider: provider(place, "x-api-key", "/tenant/v1/") });
  const headers = { "x-api-key": TOKEN };
  for (const path of [
    ...["/../admin", "/a/../../admin", "/%2e%2e/admin", "/.%2E/admin", "/..", "/./x", "/..;x/admin"],
    ...["/a%2f..%2fadmin", "/..\\admin", "/..%5cadmin", "/%252e%252e/admin", "/%252fx"],
  ])
    assert.equal((await ask(`/provider${path}`, { headers })).status, 400, path);
  for (const path of ["/provider2/x", "/providerx", "/other", "/"])
    assert.equal((await ask(path, { headers })).status, 404, path);
  assert.deepEqual(seen, []);
  for (const path of ["", "/a.b/..c?x=/../y", "/models/gemini-2.5:streamGenerateContent?alt=sse"])
    await ask(`/provider${path}`, { headers });
  assert.deepEqual(seen, [
    "/tenant/v1",
    "/tenant/v1/a.b/..c?x=/../y",
    "/tenant/v1/models/gemini-2.5:streamGenerateContent?alt=sse",
  ]);
});

test("the key that a provider repeats in an answer does not reach the run", async (t) => {
  const place = await serve(t, (request, response) => {
    const echo = String(request.headers["x-api-key"]);
    response.setHeader("x-echo", `you sent ${echo}`).writeHead(401);
    response.write(`bad key: ${echo.slice(0, 10)}`);
    setImmediate(() => response.end(`${echo.slice(10)}, sorry`));
  });
  const { ask } = await openProxy(t, { provider: provider(place, "x-api-key") });
  const { status, body, headers } = await ask("/provider", { headers: { "x-api-key": TOKEN } });
  assert.equal(status, 401);
  assert.equal(body, `bad key: ${"*".repeat(KEY.length)}, sorry`);
  assert.ok(!JSON.stringify(headers).includes(KEY));
});

test("an answer streams: each piece arrives before the next is written", async (t) => {
  const { promise: heard, resolve: hear } = Promise.withResolvers<void>();
  const place = await serve(t, async (request, response) => {
    for await (const _ of request);
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: one\n\n");
    await heard;
    response.end("data: two\n\n");
  });
  const { port } = await openProxy(t, { provider: provider(place, "x-api-key") });
  const asked = startRequest({ port, path: "/provider", method: "POST", headers: { "x-api-key": TOKEN } });
  asked.end("{}");
  const [answer] = await once(asked, "response");
  assert.equal(String((await once(answer, "data"))[0]), "data: one\n\n");
  const rest = text(answer);
  hear();
  assert.equal(await rest, "data: two\n\n");
});

test("a question streams too, of unknown length, and a slow reader slows whoever writes", async (t) => {
  const { promise: read, resolve: goOn } = Promise.withResolvers<void>();
  const counts: number[] = [];
  const place = await serve(t, async (request, response) => {
    await read;
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    counts.push(bytes);
    response.end("thanks");
  });
  const { port } = await openProxy(t, { provider: provider(place, "x-api-key") });
  const asked = startRequest({ port, path: "/provider", method: "POST", headers: { "x-api-key": TOKEN } });
  const piece = Buffer.alloc(1 << 20, "x");
  let written = 0;
  // As much as fits in between while nobody reads at the far end: some pipes' worth, and not all of it.
  while (asked.write(piece) || (await drained(asked))) written += piece.length;
  assert.ok(written < 64 * piece.length, `${written} bytes are kept for a reader that does not read`);
  goOn();
  asked.end();
  const [answer] = await once(asked, "response");
  assert.equal(String((await once(answer, "data"))[0]), "thanks");
  assert.ok(counts[0]! > written);
});

async function drained(stream: ReturnType<typeof startRequest>): Promise<boolean> {
  const late = AbortSignal.timeout(500);
  return await once(stream, "drain", { signal: late }).then(
    () => true,
    () => false,
  );
}

test("an answer that breaks off does not look whole, and whoever hangs up ends the question", async (t) => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const place = await serve(t, (request, response) => {
    request.on("close", () => end());
    response.write("begun");
    if (request.url === "/v1/break") setImmediate(() => response.destroy());
  });
  const { ask, port } = await openProxy(t, { provider: provider(place, "x-api-key") });
  const headers = { "x-api-key": TOKEN };
  await assert.rejects(ask("/provider/break", { headers }), /aborted|terminated|hang up/);
  const asked = startRequest({ port, path: "/provider/hang", headers });
  asked.on("error", () => {}).end();
  await once(asked, "response");
  asked.destroy();
  await ended;
});

test("a provider with TLS is asked only if its certificate is good for its name", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "tls-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const seen: (string | undefined)[] = [];
  const server = createSecure({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    seen.push(request.headers.authorization);
    response.end("over TLS");
  });
  const port = await listen(t, server);
  for (const [host, env, status] of [
    ["localhost", { NODE_EXTRA_CA_CERTS: cert }, 200],
    ["127.0.0.1", { NODE_EXTRA_CA_CERTS: cert }, 502],
    ["localhost", {}, 502],
  ] as const) {
    const egress = createEgress({ dir: join(dir, "egress"), env, outer: NO_OUTER });
    const run = { runId: "run", attempt: 1 };
    const baseUrl = `https://${host}:${port}/v1`;
    const held = { header: "authorization", value: KEY } as const;
    const way = await egress.open({ ...run, allow: [], provider: { baseUrl, key: held }, lifeMs: 60_000 });
    const asked = startRequest({
      socketPath: join(way.folder, "proxy.sock"),
      path: "/provider/models",
      headers: { authorization: `Bearer ${way.endpoint?.token}` },
    });
    asked.end();
    const [answer] = await once(asked, "response");
    assert.equal(answer.statusCode, status, host);
    answer.resume();
    await egress.remove(run);
  }
  assert.deepEqual(seen, [`Bearer ${KEY}`]);
});
