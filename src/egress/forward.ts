/**
 * One HTTP request passed on over a connection of its own, and its answer back: nothing is gathered up, whoever reads
 * slowly slows the other side, and whoever hangs up ends both. What concerns one connection alone (hop by hop) stays
 * on it.
 */
import { type IncomingMessage, type ServerResponse, request as startRequest } from "node:http";
import type { Socket } from "node:net";
import { PassThrough, pipeline } from "node:stream";
import { concealing } from "./conceal.ts";

export interface Forwarding {
  readonly socket: Socket;
  /** What stands in the request line. */
  readonly path: string;
  /** Names in small letters and values, in turns. */
  readonly headers: readonly string[];
  /** Taken out of the answer; null when nothing is. */
  readonly secret: string | null;
}

const HOP_BY_HOP: readonly string[] = [
  ...["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["proxy-authenticate", "proxy-authorization", "proxy-connection"],
];

/** Resolves when both sides are done with it. Rejects when there was no answer at all. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { socket, path, headers, secret }: Forwarding,
): Promise<void> {
  const chunked = request.headers["transfer-encoding"] === undefined ? [] : ["transfer-encoding", "chunked"];
  const asked = startRequest({
    createConnection: () => socket,
    method: request.method ?? "GET",
    path,
    headers: [...headers, ...chunked, "connection", "close"],
    setHost: false,
  });
  const gone = () => void asked.destroy();
  response.once("close", gone);
  try {
    const answer = await new Promise<IncomingMessage>((settle, reject) => {
      asked.once("error", reject).once("response", settle);
      pipeline(request, asked, () => {});
    });
    asked.on("error", () => {});
    await passBack(answer, response, secret);
  } finally {
    response.off("close", gone);
    socket.destroy();
  }
}

async function passBack(
  answer: IncomingMessage,
  response: ServerResponse,
  secret: string | null,
): Promise<void> {
  const headers = endToEnd(answer).map((text) => (secret === null ? text : text.replaceAll(secret, "***")));
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", [...headers]);
  response.flushHeaders();
  const through = secret === null ? new PassThrough() : concealing(secret);
  // An answer that broke off must not look whole: the pipeline destroys the response then.
  await new Promise<void>((settle) => pipeline(answer, through, response, () => settle()));
}

/** Names and values in turns, without those of the connection. */
export function endToEnd({ rawHeaders, headers }: IncomingMessage): readonly string[] {
  const named = (headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (HOP_BY_HOP.includes(name) || named.includes(name)) continue;
    kept.push(name, rawHeaders[at + 1]!);
  }
  return kept;
}

/** Without the headers of these names. */
export function without(headers: readonly string[], names: readonly string[]): readonly string[] {
  return headers.filter((_, at) => !names.includes(headers[at - (at % 2)] ?? ""));
}
