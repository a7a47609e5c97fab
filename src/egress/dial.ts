/**
 * Connections outward. A name is resolved here, and what is connected to is the very address that was checked: a name
 * that changes its mind between the check and the connection (DNS rebinding) gains nothing. Where the admin has a proxy
 * of their own, connections go through it; then it resolves the names, and a name of ours that leads to a private
 * address is refused here all the same, as far as it can be seen from here.
 */
import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { isPrivate } from "./addresses.ts";
import { authorizationOf, outerFor } from "./outer.ts";
import type { OuterProxies, Target } from "./policy.ts";

/** The place is not to be reached; told to the run as 403 and counted. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** Resolves a name to all its addresses, as `dns.lookup` does. */
export type Resolve = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface DialOptions {
  readonly outer: OuterProxies;
  readonly resolve?: Resolve;
}

export interface Route {
  readonly socket: Socket;
  /** The admin's proxy that is spoken to; null when the socket leads to the target itself. */
  readonly outer: URL | null;
}

/** `tunnel`: bytes reach the target as they are. `speak`: plain HTTP, which a proxy on the way wants to see whole. */
export type Purpose = "tunnel" | "speak";

export type Dial = (target: Target, privateToo: boolean, purpose: Purpose) => Promise<Route>;

const CONNECT_MS = 30_000;

export function createDial({ outer, resolve = lookup as Resolve }: DialOptions): Dial {
  return async (target, privateToo, purpose) => {
    if (!privateToo && isIP(target.host) !== 0 && isPrivate(target.host)) throw forbidden(target.host);
    const proxy = outerFor(target, purpose === "speak" ? "http" : "https", outer);
    if (proxy === null) {
      return { socket: await open(target, privateToo ? resolve : checked(resolve)), outer: null };
    }
    if (!privateToo) await refuseKnownPrivate(target.host, resolve);
    const socket = await openProxy(proxy, resolve);
    if (purpose === "speak") return { socket, outer: proxy };
    await tunnelThrough(socket, proxy, target);
    return { socket, outer: null };
  };
}

/** Hands on public addresses only; none left is a refusal. */
function checked(resolve: Resolve): Resolve {
  return (name, options, done) =>
    resolve(name, options, (error, addresses) => {
      if (error) return done(error, []);
      const open = addresses.filter(({ address }) => !isPrivate(address));
      if (open.length === 0) done(forbidden(name), []);
      else done(null, open);
    });
}

function forbidden(host: string): Forbidden {
  return new Forbidden(`${host} is an address of a private network`);
}

async function refuseKnownPrivate(name: string, resolve: Resolve): Promise<void> {
  if (isIP(name) !== 0) return;
  await new Promise<void>((settle, reject) =>
    checked(resolve)(name, { all: true }, (error) => (error instanceof Forbidden ? reject(error) : settle())),
  );
}

async function open({ host, port }: Target, resolve: Resolve): Promise<Socket> {
  const byAll: LookupFunction = (name, options, done) =>
    resolve(name, { ...options, all: true } as LookupAllOptions, (error, addresses) => {
      const [first] = addresses;
      if (error || !first) done(error ?? new Error(`${name} has no address`), "", 0);
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  return await connected(connect({ host, port, lookup: byAll, autoSelectFamily: true }), "connect");
}

async function openProxy(proxy: URL, resolve: Resolve): Promise<Socket> {
  const secure = proxy.protocol === "https:";
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  const port = Number(proxy.port) || (secure ? 443 : 80);
  const socket = await open({ host, port }, resolve);
  return secure ? await connected(connectTls({ socket, servername: host }), "secureConnect") : socket;
}

/** TLS to the provider, its certificate checked, over a connection that is there. */
export async function secured(socket: Socket, host: string): Promise<Socket> {
  const servername = isIP(host) === 0 ? host : "";
  return await connected(
    connectTls({ socket, servername, host, ALPNProtocols: ["http/1.1"] }),
    "secureConnect",
  );
}

async function connected<S extends Socket>(socket: S, event: string): Promise<S> {
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("it did not answer in time")));
  await new Promise<void>((settle, reject) => socket.once("error", reject).once(event, settle));
  socket.setTimeout(0).setNoDelay(true).removeAllListeners("error");
  // Whoever uses it listens; in between nothing may take the proxy down.
  socket.on("error", () => {});
  return socket;
}

const LONGEST_HEAD = 16_384;

async function tunnelThrough(socket: Socket, proxy: URL, { host, port }: Target): Promise<void> {
  const name = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const authorization = authorizationOf(proxy);
  const proof = authorization === null ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n${proof}\r\n`);
  const head = await readHead(socket);
  if (/^HTTP\/1\.[01] 2\d\d/.test(head)) return;
  socket.destroy();
  throw new Error(`the proxy of this machine's network refused it: ${head.split("\r\n")[0]?.slice(0, 100)}`);
}

/** Up to the empty line; what follows it stays in the socket. */
async function readHead(socket: Socket): Promise<string> {
  const signal = AbortSignal.timeout(CONNECT_MS);
  let head = Buffer.alloc(0);
  return await new Promise<string>((settle, reject) => {
    const done = (error: Error | null) => {
      socket.off("readable", read).off("end", ended).off("error", done);
      signal.removeEventListener("abort", late);
      if (error) socket.destroy();
      if (error) reject(error);
      else settle(head.toString("latin1"));
    };
    const read = () => {
      for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) {
        head = Buffer.concat([head, byte]);
        if (head.subarray(-4).toString("latin1") === "\r\n\r\n") return done(null);
        if (head.length > LONGEST_HEAD) return done(new Error("the answer of a proxy is too long"));
      }
    };
    const ended = () => done(new Error("a proxy on the way hung up"));
    const late = () => done(new Error("a proxy on the way did not answer in time"));
    signal.addEventListener("abort", late);
    socket.on("readable", read).on("end", ended).on("error", done);
  });
}
