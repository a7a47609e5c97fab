/**
 * What the schema found wrong, in words for people: what is there, what is allowed, what was probably meant. Values
 * are repeated only where they are one of a few words, so that a secret pasted into the wrong place stays unprinted.
 */
import type { z } from "zod";
import { nearest } from "../model/nearest.ts";
import type { Path } from "./document.ts";
import { fillBlankMaps, isRecord, jsonSchema, knownKeys, nodeAt, type SchemaNode } from "./json-schema.ts";
import type { Problems } from "./problems.ts";
import { unknownWord } from "./unknown-word.ts";

type Issue = z.core.$ZodIssue;

/** The validated value, or undefined after reporting every problem. */
export function validate<T>(schema: z.ZodType<T>, raw: unknown, problems: Problems): T | undefined {
  const root = jsonSchema(schema);
  const value = fillBlankMaps(raw, root);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) explain(issue, [], value, root, problems);
  return undefined;
}

function explain(issue: Issue, base: Path, value: unknown, root: SchemaNode, problems: Problems): void {
  const path = [...base, ...issue.path];
  const node = nodeAt(root, path);
  const given = valueAt(value, path);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) unknownKey([...path, key], node, problems);
    return;
  }
  if (issue.code === "invalid_union") {
    const inside = isRecord(given)
      ? issue.errors.find((errors) =>
          errors.every((e) => e.path.length > 0 || e.code === "unrecognized_keys"),
        )
      : undefined;
    if (inside) {
      for (const one of inside) explain(one, path, value, root, problems);
      return;
    }
  }
  const allowed = allowedIn(node);
  if (issue.code === "invalid_key") {
    const rule = nodeAt(root, path.slice(0, -1))?.propertyNames?.title ?? null;
    problems.key(path, "is no name that can stand here", rule);
  } else if (given === undefined) {
    problems.key(path, "is missing", allowed);
  } else {
    problems.value(path, wrongValue(issue, given, node), allowed);
  }
}

function unknownKey(path: Path, parent: SchemaNode | null, problems: Problems): void {
  const known = knownKeys(parent) ?? [];
  const meant = nearest(String(path.at(-1)), known);
  problems.key(path, `is not a known key${meant ? `; did you mean "${meant}"?` : ""}`, known.join(", "));
}

function wrongValue(issue: Issue, given: unknown, node: SchemaNode | null): string {
  if (given === null) return "has no value; give one or leave the key out";
  if (typeof given === "number" && node?.title?.startsWith("a duration")) {
    return `has no unit; write ${given}m for minutes or ${given}s for seconds`;
  }
  if (typeof given === "number" && node?.title?.startsWith("an age")) {
    return `has no unit; write ${given}d for days or ${given}h for hours`;
  }
  if (typeof given === "number" && node?.title?.startsWith("a size")) {
    return `has no unit; write ${given}m for mebibytes or ${given}g for gibibytes`;
  }
  if (issue.code === "custom") return issue.message;
  if (typeof given === "string" && node?.enum) return unknownWord(given, node.enum.map(String));
  if (issue.code === "invalid_type") return `must not be ${kindOf(given)}`;
  return "is not allowed";
}

function allowedIn(node: SchemaNode | null): string | null {
  if (node?.title) return node.title;
  if (node?.enum) return node.enum.join(", ");
  const keys = knownKeys(node);
  return keys ? `a map with the keys ${keys.join(", ")}` : node?.type === "object" ? "a map" : null;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return isRecord(value) ? "a map" : typeof value === "boolean" ? "true or false" : `a ${typeof value}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}
