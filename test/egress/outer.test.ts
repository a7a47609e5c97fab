import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizationOf, outerFor, outerProxies } from "../../src/egress/outer.ts";

const ENV = {
  HTTPS_PROXY: "http://proxy.corp:3128",
  http_proxy: "plain.corp:8080",
  NO_PROXY: "lan,.corp,x.net:8443",
};
const through = (host: string, port = 443, scheme: "http" | "https" = "https") =>
  outerFor({ host, port }, scheme, outerProxies(ENV))?.host ?? null;

test("the admin's proxy is that of the scheme, also where it is written without one", () => {
  assert.equal(through("example.com"), "proxy.corp:3128");
  assert.equal(through("example.com", 80, "http"), "plain.corp:8080");
  const all = outerProxies({ ALL_PROXY: "http://all.corp:1" });
  assert.deepEqual([all.http, all.https], ["http://all.corp:1", "http://all.corp:1"]);
  assert.deepEqual(outerProxies({ HTTPS_PROXY: "socks5://s:1" }), { http: null, https: null, except: "" });
});

test("NO_PROXY means a host, what is below it, and a port where one is named", () => {
  for (const host of ["lan", "a.lan", "corp", "git.corp"]) assert.equal(through(host), null, host);
  assert.equal(through("notlan"), "proxy.corp:3128");
  assert.equal(through("x.net", 8443), null);
  assert.equal(through("x.net", 443), "proxy.corp:3128");
  assert.equal(
    outerFor({ host: "a", port: 1 }, "https", { http: null, https: "http://p", except: "*" }),
    null,
  );
});

test("a name and password go along as the proxy wants them, decoded", () => {
  const login = Buffer.from("me:p@ss").toString("base64");
  assert.equal(authorizationOf(new URL("http://me:p%40ss@proxy.corp")), `Basic ${login}`);
  assert.equal(authorizationOf(new URL("http://proxy.corp")), null);
});
