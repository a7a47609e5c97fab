/** The forms in which a secret's value is looked for before something is published. Pure. */

/** Shorter values would be found everywhere. */
const MIN_LENGTH = 8;

export type Needle = Buffer;

/** Each value as it is, URL-encoded, and in base64 wherever in a longer text it may have stood. */
export function needlesFor(secrets: readonly string[]): readonly Needle[] {
  const forms = new Set(secrets.filter((secret) => secret.trim().length >= MIN_LENGTH).flatMap(formsOf));
  return [...forms].map((form) => Buffer.from(form, "utf8"));
}

function formsOf(value: string): string[] {
  const secret = value.trim();
  const inBase64 = [0, 1, 2].map((offset) => base64At(secret, offset));
  const urlSafe = inBase64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"));
  return [secret, encodeURIComponent(secret), ...inBase64, ...urlSafe];
}

/** The characters of the base64 that depend on the value alone when `offset` bytes of a group of 3 stand before it. */
function base64At(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret, "utf8")]);
  const whole = bytes.toString("base64").replace(/=+$/, "");
  const firstOwn = Math.ceil((offset * 8) / 6);
  const lastOwn = Math.floor((bytes.length * 8) / 6);
  return whole.slice(firstOwn, lastOwn);
}
