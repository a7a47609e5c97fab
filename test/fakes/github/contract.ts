/**
 * Checks requests against GitHub's own description (../github-openapi.json, made by make-openapi-excerpt.ts): method
 * and path, path and query parameters, body. Stricter than GitHub in one point: what the description does not name
 * is a violation too, because GitHub would silently ignore it.
 */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { type ApiRequest, at, listOf, textAt } from "./api.ts";

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly isList: boolean;
  readonly check: ValidateFunction;
}

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly path: readonly Parameter[];
  readonly query: readonly Parameter[];
  readonly bodyKeys: readonly string[];
  readonly isBodyRequired: boolean;
  readonly body: ValidateFunction | null;
}

/** Returns what is wrong with a request; [] when it is as described. */
export type Contract = (request: ApiRequest) => readonly string[];

const FILE = new URL("../github-openapi.json", import.meta.url);

export function loadContract(): Contract {
  // OpenAPI 3.0's `nullable` is known to Ajv; its other additions to JSON Schema only describe.
  const ajv = new Ajv({ strict: false, validateFormats: false, coerceTypes: false, allErrors: true });
  const operations = readOperations(JSON.parse(readFileSync(FILE, "utf8")), ajv);
  return (request) => {
    const found = operations.filter((one) => one.method === request.method && one.pattern.test(request.path));
    // The more literal path wins: `/issues/comments/{comment_id}` over `/issues/{issue_number}/...`.
    const operation = found.sort((a, b) => a.path.length - b.path.length)[0];
    const problems = operation
      ? [
          ...pathProblems(operation, request),
          ...queryProblems(operation, request),
          ...bodyProblems(operation, request),
        ]
      : ["GitHub's description (or our excerpt) has no such operation"];
    return problems.map((problem) => `${request.method} ${request.path}: ${problem}`);
  };
}

function readOperations(description: unknown, ajv: Ajv): readonly Operation[] {
  return Object.entries(at(description, "paths") ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as object).map(([method, operation]) =>
      readOperation(path, method, operation, ajv),
    ),
  );
}

function readOperation(path: string, method: string, operation: unknown, ajv: Ajv): Operation {
  const parameters = listOf(at(operation, "parameters"));
  const within = (place: string) => parameters.filter((one) => textAt(one, "in") === place);
  const schema = at(operation, "requestBody", "content", "application/json", "schema");
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const inPath = within("path").map((one) => readParameter(one, ajv));
  return {
    name: textAt(operation, "operationId"),
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`),
    path: names.flatMap((name) => inPath.filter((one) => one.name === name)),
    query: within("query").map((one) => readParameter(one, ajv)),
    bodyKeys: keysOf(schema),
    isBodyRequired: at(operation, "requestBody", "required") === true,
    body: schema === undefined ? null : ajv.compile(schema as object),
  };
}

function readParameter(parameter: unknown, ajv: Ajv): Parameter {
  return {
    name: textAt(parameter, "name"),
    required: at(parameter, "required") === true,
    isList: textAt(parameter, "schema", "type") === "array",
    check: ajv.compile((at(parameter, "schema") ?? {}) as object),
  };
}

function keysOf(schema: unknown): readonly string[] {
  const alternatives = [
    ...listOf(at(schema, "oneOf")),
    ...listOf(at(schema, "anyOf")),
    ...listOf(at(schema, "allOf")),
  ];
  return [...Object.keys(at(schema, "properties") ?? {}), ...alternatives.flatMap(keysOf)];
}

function pathProblems(operation: Operation, request: ApiRequest): readonly string[] {
  const values = operation.pattern.exec(request.path)?.slice(1) ?? [];
  return operation.path.flatMap((parameter, index) => problemsOf(parameter, values[index] ?? ""));
}

function queryProblems(operation: Operation, request: ApiRequest): readonly string[] {
  const unknown = [...request.query.keys()].filter((key) => !operation.query.some((one) => one.name === key));
  const known = operation.query.flatMap((parameter) => {
    const value = request.query.get(parameter.name);
    if (value !== null) return problemsOf(parameter, value);
    return parameter.required ? [`the query lacks ${parameter.name}`] : [];
  });
  return [...unknown.map((key) => `the query has an unknown ${key}`), ...known];
}

/** What stands in an address is text: it is right when it can be read as what is described. */
function problemsOf(parameter: Parameter, text: string): readonly string[] {
  const readings: unknown[] = [text, ...(text.trim() === "" ? [] : [Number(text)]), text === "true", [text]];
  if (readings.some((reading) => parameter.check(reading))) return [];
  return [`${parameter.name} is ${JSON.stringify(text)}`];
}

function bodyProblems(operation: Operation, request: ApiRequest): readonly string[] {
  if (request.body === undefined) return operation.isBodyRequired ? ["the body is missing"] : [];
  if (operation.body === null) return ["it has a body, and none is described"];
  const unknown = Object.keys(request.body as object).filter((key) => !operation.bodyKeys.includes(key));
  const wrong = operation.body(request.body) ? [] : (operation.body.errors ?? []);
  return [
    ...unknown.map((key) => `the body has an unknown ${key}`),
    ...wrong.map((error) => `the body${error.instancePath} ${error.message}`),
  ];
}
