/** Reads a request's body within a length and a time; whoever sends too much or too slowly is let go of. */
import type { IncomingMessage } from "node:http";

export interface BodyRefused {
  readonly status: 400 | 408 | 413 | 503;
  readonly reason: string;
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** For the whole body, so that a drop now and then does not keep the connection. Milliseconds. */
  readonly ms: number;
  /** Takes its share of the memory all requests have together; false when there is none left. */
  readonly reserve: (bytes: number) => boolean;
}

export function readBody(
  req: IncomingMessage,
  { maxBytes, ms, reserve }: BodyLimits,
): Promise<Buffer | BodyRefused> {
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve(tooLarge(maxBytes));
  const { promise, resolve } = Promise.withResolvers<Buffer | BodyRefused>();
  const chunks: Buffer[] = [];
  let length = 0;
  const end = (result: Buffer | BodyRefused) => {
    clearTimeout(timer);
    req.off("data", onData).off("end", onEnd).off("close", onClose);
    resolve(result);
  };
  const timer = setTimeout(() => end({ status: 408, reason: `body not complete after ${ms} ms` }), ms);
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) end(tooLarge(maxBytes));
    else if (!reserve(chunk.length)) end({ status: 503, reason: "too many bodies at once" });
    else chunks.push(chunk);
  };
  const onEnd = () => end(Buffer.concat(chunks, length));
  const onClose = () => end({ status: 400, reason: "the sender went away" });
  req.on("data", onData).once("end", onEnd).once("close", onClose);
  // An "error" is always followed by "close"; without a listener it would end the process.
  req.on("error", () => {});
  return promise;
}

function tooLarge(maxBytes: number): BodyRefused {
  return { status: 413, reason: `body of more than ${maxBytes} bytes` };
}
