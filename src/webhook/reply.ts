/** Short answers to requests, and how a connection is ended whose request was not read to its end. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";

/** How long the rest of a refused request is read and thrown away, so that the sender gets to read the answer. */
const LINGER_MS = 500;

export function pathOf(req: IncomingMessage): string {
  return (req.url ?? "/").split("?", 1)[0] ?? "/";
}

/** The bare status text. A request that was not read to its end takes its connection with it. */
export async function refuse(req: IncomingMessage, res: ServerResponse, status: number): Promise<void> {
  if (res.destroyed) return;
  const text = STATUS_CODES[status] ?? "";
  const headers = { "content-type": "text/plain", "content-length": Buffer.byteLength(text) };
  const extra = status === 405 ? { allow: "POST" } : status === 503 ? { "retry-after": "30" } : {};
  if (req.complete) {
    res.writeHead(status, { ...headers, ...extra }).end(text);
    return;
  }
  res.writeHead(status, { ...headers, ...extra, connection: "close" }).write(text);
  await lingering(req);
  res.end();
}

function lingering(req: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS);
  req.once("end", resolve).once("close", resolve).on("error", resolve).resume();
  return promise.finally(() => clearTimeout(timer));
}
