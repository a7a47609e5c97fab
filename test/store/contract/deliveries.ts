import assert from "node:assert/strict";
import { test } from "node:test";
import { delivery, type Open, on } from "./harness.ts";

export function deliveryContract(open: Open): void {
  test(
    "a delivery is new once, and a delivery with the same id of another forge is another one",
    on(open, async ({ store }) => {
      assert.equal(await store.receive(delivery("1")), true);
      assert.equal(await store.receive(delivery("1")), false);
      assert.equal(await store.receive(delivery("1", "codeberg")), true);
      assert.equal((await store.nextDeliveries(10)).length, 2);
    }),
  );

  test(
    "a delivery comes back exactly as it was received",
    on(open, async ({ store }) => {
      const odd = {
        ...delivery("1"),
        body: '{"text":"é \u{1F680} \u0000 \\ \' %"}',
        receivedAt: 1_795_000_000_123,
      };
      await store.receive(odd);
      assert.deepEqual(await store.nextDeliveries(10), [odd]);
    }),
  );

  test(
    "deliveries are read in the order they came, as many as asked for, as often as asked",
    on(open, async ({ store }) => {
      for (const id of ["c", "a", "b"]) await store.receive(delivery(id));
      const ids = async () => (await store.nextDeliveries(2)).map(({ id }) => id);
      assert.deepEqual(await ids(), ["c", "a"]);
      assert.deepEqual(await ids(), ["c", "a"]);
    }),
  );

  test(
    "deliveries can be read on from any one, settled or not, and one alone for as long as it is unsettled",
    on(open, async ({ store }) => {
      for (const id of ["c", "a", "b"]) await store.receive(delivery(id));
      const after = async (id: string) => (await store.nextDeliveries(9, delivery(id))).map((one) => one.id);
      assert.deepEqual(await after("c"), ["a", "b"]);
      assert.deepEqual(await store.delivery(delivery("a")), delivery("a"));
      await store.reject(delivery("a"), "no JSON");
      assert.deepEqual([await after("a"), await after("c"), await after("b")], [["b"], ["b"], []]);
      assert.deepEqual(
        [await store.delivery(delivery("a")), await store.delivery(delivery("x"))],
        [null, null],
      );
    }),
  );

  test(
    "what was received is known, settled or not, and by its own forge only",
    on(open, async ({ store }) => {
      for (const id of ["open", "settled", "bad", "%"]) await store.receive(delivery(id));
      await store.settle({ delivery: delivery("settled"), keys: ["k"], changes: [], effects: [] });
      await store.reject(delivery("bad"), "no JSON");
      const ids = ["open", "settled", "bad", "new", "%", "OPEN"];
      assert.deepEqual([...(await store.known("github", ids))].toSorted(), ["%", "bad", "open", "settled"]);
      assert.equal((await store.known("codeberg", ids)).size, 0);
      assert.equal((await store.known("github", [])).size, 0);
      const many = Array.from({ length: 5_000 }, (_, n) => `x${n}`);
      assert.deepEqual([...(await store.known("github", [...many, "bad"]))], ["bad"]);
    }),
  );

  test(
    "of many deliveries received at once none is lost and each is new exactly once",
    on(open, async ({ store }) => {
      const twice = Array.from({ length: 300 }, (_, n) => delivery(String(n % 150)));
      const fresh = await Promise.all(twice.map((one) => store.receive(one)));
      assert.equal(fresh.filter(Boolean).length, 150);
      assert.equal((await store.nextDeliveries(1_000)).length, 150);
    }),
  );

  test(
    "a received delivery is on disk: another store on the same data has it, and knows it when it comes again",
    on(open, async ({ store, reopen }) => {
      await store.receive(delivery("1"));
      await store.close();
      const again = await reopen();
      assert.deepEqual(await again.nextDeliveries(10), [delivery("1")]);
      assert.equal(await again.receive(delivery("1")), false);
    }),
  );

  test(
    "closing loses no delivery that was still being received",
    on(open, async ({ store, reopen }) => {
      const received = store.receive(delivery("1"));
      await store.close();
      assert.equal(await received, true);
      assert.equal((await (await reopen()).nextDeliveries(10)).length, 1);
    }),
  );

  test(
    "a rejected delivery does not come back, blocks nothing, and is known when it comes again",
    on(open, async ({ store }) => {
      await store.receive(delivery("1"));
      await store.receive(delivery("2"));
      await store.reject(delivery("1"), "no JSON");
      await store.reject(delivery("1"), "no JSON");
      assert.deepEqual(
        (await store.nextDeliveries(10)).map(({ id }) => id),
        ["2"],
      );
      assert.equal(await store.receive(delivery("1")), false);
    }),
  );
}
