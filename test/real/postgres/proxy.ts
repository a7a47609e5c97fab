/** A way to a server that can forget its connections without a word, as a firewall or NAT does, or break them off. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Way {
  /** As `url`, over this way. */
  readonly url: string;
  /** From now on nothing passes over the connections there are; new ones work. */
  forget(): void;
  /** From now on nothing passes at all, as from a server that hangs. */
  hang(): void;
  /** Breaks everything off before this many more pieces of its answers have come, as a server that is killed does. */
  breakBefore(pieces: number, next: "back" | "gone"): void;
  /** True while nothing was broken off by that. */
  whole(): boolean;
  close(): void;
}

export async function startProxy(url: string, port = 0): Promise<Way> {
  const target = new URL(url);
  let forgotten = new AbortController();
  let hangs = false;
  let breaking = { pieces: Number.POSITIVE_INFINITY, next: "back" };
  let whole = true;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const { signal } = forgotten;
    const far = connect(Number(target.port), target.hostname);
    const pass = (from: Socket, to: Socket) => {
      sockets.add(from);
      from.on("error", () => undefined);
      from.on("data", (data) => signal.aborted || hangs || to.destroyed || to.write(data));
      from.on("close", () => {
        sockets.delete(from);
        if (!signal.aborted) to.destroy();
      });
    };
    far.on("data", () => {
      breaking.pieces -= 1;
      if (breaking.pieces !== 0) return;
      whole = false;
      if (breaking.next === "gone") server.close();
      for (const socket of sockets) socket.destroy();
    });
    pass(near, far);
    pass(far, near);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    forget() {
      forgotten.abort();
      forgotten = new AbortController();
    },
    hang() {
      hangs = true;
    },
    breakBefore(pieces, next) {
      breaking = { pieces, next };
    },
    whole: () => whole,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
