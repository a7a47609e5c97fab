/** The JSON Schema of a zod schema, and what it says about one key. Editors, docs and errors all read it. */
import { z } from "zod";
import type { Path } from "./document.ts";

/** The part of JSON Schema that our schemas use. */
export interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly propertyNames?: SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** Draft 7, which every editor's YAML support understands. */
export function jsonSchema(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { io: "input", target: "draft-7" }) as SchemaNode;
}

/** What the schema says of a path; null for a path it does not know. */
export function nodeAt(root: SchemaNode, path: Path): SchemaNode | null {
  let node: SchemaNode | null = root;
  for (const step of path) {
    node = node && childNode(node, step);
  }
  return node;
}

/** The keys a map may have; null where any name may stand. */
export function knownKeys(node: SchemaNode | null): readonly string[] | null {
  const map = node && mapOf(node);
  return map?.properties ? Object.keys(map.properties) : null;
}

/** Map-valued keys left blank (`agents:` with everything below commented out) become {}: nothing was set. */
export function fillBlankMaps(value: unknown, node: SchemaNode | null): unknown {
  if (node?.type === "object" && value === null) return {};
  if (!isRecord(value) || node === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, fillBlankMaps(child, childNode(node, key))]),
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function childNode(node: SchemaNode, step: PropertyKey): SchemaNode | null {
  if (typeof step === "number") return node.items ?? null;
  const map = mapOf(node);
  const known = map?.properties;
  if (known && Object.hasOwn(known, step)) return known[String(step)] ?? null;
  return typeof map?.additionalProperties === "object" ? map.additionalProperties : null;
}

export function mapOf(node: SchemaNode): SchemaNode | null {
  if (node.type === "object") return node;
  return node.anyOf?.find(({ type }) => type === "object") ?? null;
}
