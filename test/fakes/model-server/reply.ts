/** An HTTP answer, whole: what is asked of the fake model is small. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** Server-sent events; `type` of each is its event name where the API names them. */
export function events(list: readonly Readonly<Record<string, unknown>>[], named: boolean): Reply {
  const body = list.map((event) => {
    const name = named ? `event: ${String(event.type)}\n` : "";
    return `${name}data: ${JSON.stringify(event)}\n\n`;
  });
  return { status: 200, headers: { "content-type": "text/event-stream" }, body: body.join("") };
}
