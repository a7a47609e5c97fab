import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { isPrivate } from "../../src/egress/addresses.ts";

test("this machine, its networks, and what a cloud serves beside it are private", () => {
  for (const address of [
    ...["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    ...["169.254.169.254", "100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255"],
    ...["::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"],
    ...["::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1"],
    ...["2002:7f00:1::", "2001::1", "not an address", ""],
  ])
    assert.equal(isPrivate(address, []), true, address);
});

test("addresses of the world are not", () => {
  for (const address of [
    ...["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1"],
    ...["2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
  ])
    assert.equal(isPrivate(address, []), false, address);
});

test("an address of this very machine is private, also a public one", () => {
  assert.equal(isPrivate("1.1.1.1", ["1.1.1.1"]), true);
  const own = Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address));
  for (const address of own) assert.equal(isPrivate(address), true, address);
});
