/**
 * Plans: YAML files with a name, a description, variables, and steps or phases of steps, rendered to a Markdown
 * checklist. Pure. A plan that is wrong is refused with its file and line; so are variables it does not know or
 * that are missing.
 */
import { isMap, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { Refusal } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import { fill, type Source } from "./fill.ts";

const STEPS = z.array(z.string().min(1)).min(1);
const PLAN = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().optional(),
    variables: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[\w-]+$/),
          description: z.string().optional(),
          required: z.boolean().optional(),
          default: z.coerce.string().optional(),
        }),
      )
      .optional(),
    steps: STEPS.optional(),
    phases: z
      .array(z.strictObject({ title: z.string().min(1), steps: STEPS }))
      .min(1)
      .optional(),
  })
  .refine(
    (plan) => (plan.steps === undefined) !== (plan.phases === undefined),
    "needs either steps or phases",
  );
type Plan = z.infer<typeof PLAN>;

/** The plan as Markdown, with the variables filled in. */
export function renderPlan(source: Source, given: Readonly<Record<string, string>>): string {
  const plan = parsePlan(source);
  const text = (part: string) => fill({ file: source.file, text: part, line: lineOf(source, part) }, values);
  const values = valuesFor(plan, given);
  const list = (steps: readonly string[]) => steps.map((step) => `- [ ] ${oneLine(text(step))}`).join("\n");
  const parts = [`### ${text(plan.name)}`];
  if (plan.description) parts.push(text(plan.description).trim());
  if (plan.steps) parts.push(list(plan.steps));
  for (const phase of plan.phases ?? []) parts.push(`#### ${text(phase.title)}\n\n${list(phase.steps)}`);
  return parts.join("\n\n");
}

function parsePlan(source: Source): Plan {
  const counter = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: counter });
  const refuse = (offset: number, message: string) => {
    const line = counter.linePos(offset).line || 1;
    return new Refusal(`reading the plan: ${source.file}:${line}: ${message}`, "Mend the plan's file.");
  };
  const [broken] = document.errors;
  if (broken) throw refuse(broken.pos[0], broken.message.split("\n")[0] ?? "is no YAML");
  const parsed = PLAN.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((part) => (typeof part === "symbol" ? String(part) : part));
  const node = isMap(document.contents) ? document.getIn(path, true) : document.contents;
  const offset = (node as { readonly range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
  throw refuse(offset, `${path.join(".") || "the plan"}: ${issue?.message ?? "is wrong"}`);
}

function valuesFor(plan: Plan, given: Readonly<Record<string, string>>): Record<string, string> {
  const variables = plan.variables ?? [];
  const known = variables.map((variable) => variable.name);
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) throw unknownVariable(plan.name, stray, known);
  const values: Record<string, string> = {};
  for (const { name, required, default: fallback } of variables) {
    const value = given[name] ?? fallback;
    if (value === undefined && required) {
      throw new Refusal(
        `writing the prompt: the plan ${JSON.stringify(plan.name)} needs the variable ${JSON.stringify(name)}`,
        `Add --var ${name}=VALUE.`,
      );
    }
    values[name] = value ?? "";
  }
  return values;
}

function unknownVariable(plan: string, stray: string, known: readonly string[]): Refusal {
  const meant = nearest(stray, known);
  const list = known.length > 0 ? `It has: ${known.join(", ")}.` : "It has none.";
  return new Refusal(
    `writing the prompt: the plan ${JSON.stringify(plan)} has no variable ${JSON.stringify(stray)}`,
    meant ? `Did you mean ${JSON.stringify(meant)}? ${list}` : list,
  );
}

/** Where a part of the plan stands in its file; 1 when YAML has folded it beyond recognition. */
function lineOf(source: Source, part: string): number {
  const at = source.text.indexOf(part.split("\n")[0] ?? "");
  return at < 0 ? 1 : source.text.slice(0, at).split("\n").length;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}
