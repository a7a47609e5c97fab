import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createJudge, patternOf, targetOf } from "../../src/egress/policy.ts";

const judge = (pattern: string, place: string) => createJudge([pattern])(targetOf(place, 443)!);

test("a pattern without a port means 443 and 80 of that host alone", () => {
  for (const place of ["api.example.com:443", "api.example.com:80", "API.Example.COM.:443"])
    assert.equal(judge("api.example.com", place), "public", place);
  for (const place of ["api.example.com:8443", "example.com:443", "x.api.example.com:443"])
    assert.equal(judge("api.example.com", place), "no", place);
  assert.equal(judge("api.example.com", "xapi.example.com:443"), "no");
});

test("a star means everything below, and neither the host itself nor one that only ends like it", () => {
  for (const place of ["a.example.com:443", "b.a.example.com:443"])
    assert.equal(judge("*.example.com", place), "public", place);
  for (const place of ["example.com:443", "evilexample.com:443", "example.com.evil.net:443"])
    assert.equal(judge("*.example.com", place), "no", place);
  assert.equal(judge("*.1.1.1", "1.1.1.1:443"), "no");
  assert.equal(judge("*.example.com:8443", "a.example.com:8443"), "public");
  assert.equal(judge("*.example.com:8443", "a.example.com:443"), "no");
});

test("a private address is meant by an address, and by one host with its port", () => {
  assert.equal(judge("10.0.0.7", "10.0.0.7:443"), "private");
  assert.equal(judge("10.0.0.7:11434", "10.0.0.7:11434"), "private");
  assert.equal(judge("ollama.lan:11434", "ollama.lan:11434"), "private");
  assert.equal(judge("ollama.lan", "ollama.lan:443"), "public");
  assert.equal(judge("*.lan:11434", "ollama.lan:11434"), "public");
});

test("of several patterns the one that allows most counts, and none allows nothing", () => {
  const both = createJudge(["*.lan", "ollama.lan:443", "not a pattern", ""]);
  assert.equal(both({ host: "ollama.lan", port: 443 }), "private");
  assert.equal(both({ host: "other.lan", port: 443 }), "public");
  assert.equal(createJudge([])({ host: "example.com", port: 443 }), "no");
});

test("a target is read in one way of writing it, or not at all", () => {
  for (const [text, host, port] of [
    ["Example.COM:8443", "example.com", 8443],
    ["example.com", "example.com", 443],
    ["bücher.example:443", "xn--bcher-kva.example", 443],
    ["[::1]:80", "::1", 80],
    ["[0:0:0:0:0:0:0:1]:80", "::1", 80],
    ["127.1:80", "127.0.0.1", 80],
    ["0x7f000001", "127.0.0.1", 443],
  ] as const)
    assert.deepEqual(targetOf(text, 443), { host, port }, text);
  for (const text of [
    ...["", ":443", "a:b", "a:0", "a:99999", "a b:443", "::1", "[::1", "[example.com]:443"],
    ...["a/b:443", "user@host:443", "a\r\nb:443", "a%00b:443", "-a:443", "[fe80::1%eth0]:443"],
  ])
    assert.equal(targetOf(text, 443), null, JSON.stringify(text));
});

test("no text at all makes reading a target throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webAuthority(), fc.ipV6()), (text) => {
      const target = targetOf(text, 443);
      if (target !== null) assert.deepEqual(createJudge(["*.com"])(target) === "private", false);
    }),
  );
});

test("the address of a provider in the admin's own network is meant as it is", () => {
  for (const [url, place] of [
    ["https://llm.corp/v1", "llm.corp:443"],
    ["http://llm.corp/v1", "llm.corp:80"],
    ["http://10.0.0.7:4000", "10.0.0.7:4000"],
  ] as const) {
    assert.equal(patternOf(url), place);
    assert.equal(judge(patternOf(url), place), "private");
  }
});
