/** Careful access to request bodies, whose shape is the CLIs' own. */

export function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function str(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Message content as text: a string, or parts of which some hold text. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return items(content)
    .map((part) => str(field(part, "text")))
    .filter((text) => text !== "")
    .join("\n");
}
