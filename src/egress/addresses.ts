/**
 * Which addresses are nobody's business from within a run: this machine, its networks, and what cloud providers serve
 * at link-local addresses. Everything that is no public unicast address counts, and what holds an address of that kind
 * inside (IPv4 in IPv6, NAT64) counts as that. Pure but for this machine's own addresses, which are asked for each time:
 * they come and go.
 */
import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
  ] as const),
  ...([
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
  ] as const),
  ...([
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
  ] as const),
  ...([
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ] as const),
] as const)
  PRIVATE.addSubnet(net, bits, "ipv4");

/** Of IPv6 only 2000::/3 is handed out; of that, what tunnels and documentation use is taken out. */
const GLOBAL6 = new BlockList();
GLOBAL6.addSubnet("2000::", 3, "ipv6");
for (const [net, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  PRIVATE.addSubnet(net, bits, "ipv6");

/** `address` must be one: what is none counts as private. */
export function isPrivate(address: string, own: readonly string[] = ownAddresses()): boolean {
  const plain = embedded(address.replace(/%.*$/, ""));
  const family = isIP(plain);
  if (family === 0 || own.includes(plain)) return true;
  if (family === 4) return PRIVATE.check(plain, "ipv4");
  return !GLOBAL6.check(plain, "ipv6") || PRIVATE.check(plain, "ipv6");
}

/** The IPv4 address that an IPv6 one of these two kinds stands for; else the address itself. */
function embedded(address: string): string {
  if (isIP(address) !== 6) return address;
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(written) ?? [];
  if (low === undefined) return written;
  const [a, b] = [Number.parseInt(high ?? "0", 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address));
}
