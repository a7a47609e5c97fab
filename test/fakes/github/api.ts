/** What goes in and out of the fake's API, once HTTP is off it: the parts of the fake pass these to each other. */

export interface ApiRequest {
  readonly method: string;
  /** Decoded segment by segment: a `/` inside one stays `%2F`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  /** Empty when the request is unconditional. */
  readonly ifNoneMatch: string;
  /** Empty when there is none. */
  readonly token: string;
  /** Undefined when the request has none. */
  readonly body: unknown;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or a text to be sent as it is; undefined for none. */
  readonly body: unknown;
}

/** Answers a request, or returns null when it is not for this part. */
export type ApiPart = (request: ApiRequest) => Promise<ApiReply | null> | ApiReply | null;

export function reply(
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): ApiReply {
  return { status, headers, body };
}

/** As GitHub words its errors. */
export function refusal(status: number, message: string, errors?: readonly object[]): ApiReply {
  return reply(status, {
    message,
    ...(errors && { errors }),
    documentation_url: "https://docs.github.com/rest",
  });
}

/** A value of JSON by its path; undefined when it is not there. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[key];
  }
  return here;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path);
  return typeof found === "number" ? found : Number.NaN;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A request of the fake's own. */
export function asked(method: string, path: string, token: string, body?: unknown): ApiRequest {
  const [pathname = "", query] = path.split("?");
  return {
    method,
    path: pathname,
    query: new URLSearchParams(query),
    accept: "",
    ifNoneMatch: "",
    token,
    body,
  };
}
