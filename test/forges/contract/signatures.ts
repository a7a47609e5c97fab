import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import type { WorldDelivery } from "../../fakes/forge-world.ts";
import type { Setting } from "./setting.ts";

export function signatureContract(setting: () => Setting): void {
  async function comment(): Promise<WorldDelivery> {
    const { world, repo, delivered } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Sign", body: "" });
    await world.comment(place.name, issue, "ada", "hello");
    return delivered(place, ({ action }) => action === "created");
  }

  /** Every header that carries a signature, changed. */
  function withSignatures(headers: IncomingHttpHeaders, change: (value: string) => string | null) {
    const entries = Object.entries(headers).map(([name, value]) =>
      name.includes("signature") ? [name, change(String(value))] : [name, value],
    );
    return Object.fromEntries(entries.filter(([, value]) => value !== null)) as IncomingHttpHeaders;
  }

  test("a webhook of the forge is identified by its own delivery id", async () => {
    const delivery = await comment();
    const identity = setting().forge.identify(delivery.headers);
    assert.equal(identity?.id, delivery.id);
    assert.ok(identity.event.length > 0);
  });

  test("a request without the forge's headers is no webhook of it", () => {
    assert.equal(setting().forge.identify({ "content-type": "application/json" }), null);
  });

  test("the forge's own signature is accepted", async () => {
    const { headers, body } = await comment();
    assert.equal(await setting().forge.verify(headers, Buffer.from(body)), true);
  });

  test("a changed body is refused", async () => {
    const { headers, body } = await comment();
    assert.equal(await setting().forge.verify(headers, Buffer.from(`${body} `)), false);
  });

  test("a wrong, cut, empty or missing signature is refused", async () => {
    const { headers, body } = await comment();
    const changes: ((value: string) => string | null)[] = [
      (value) => value.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      (value) => value.slice(0, -2),
      (value) => value.replace(/=.*|^[0-9a-f]+$/, ""),
      (value) => value.replace(/[0-9a-f]{40,}$/, ""),
      () => "",
      () => null,
    ];
    for (const change of changes) {
      const verdict = await setting().forge.verify(withSignatures(headers, change), Buffer.from(body));
      assert.equal(verdict, false, String(change));
    }
  });
}
