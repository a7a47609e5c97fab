/** How the proxy says no to a program within a run: for programs a status, for people and models a sentence. */
import type { ServerResponse } from "node:http";

export function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `agent-dispatch: ${why}.\n`;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(body);
}

/** The same on a bare connection. */
export function refusal(status: number, reason: string, why: string): string {
  const body = `agent-dispatch: ${why}.\n`;
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain; charset=utf-8\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

export function notAllowed(place: string): string {
  return `this run may not reach ${place}; the admin of the bot allows hosts by dispatch.allow in agents.yaml`;
}
