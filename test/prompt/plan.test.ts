import assert from "node:assert/strict";
import { test } from "node:test";
import { renderPlan } from "../../src/prompt/plan.ts";

const source = (text: string) => ({ file: "plans/tea.yaml", text, line: 1 });
const TEA = `name: Brew {{kind}}
description: For {{guests}} guests.
variables:
  - name: kind
    required: true
  - name: guests
    default: 2
phases:
  - title: Water
    steps:
      - Boil it for {{ kind }}.
  - title: Leaves
    steps:
      - >-
        Pour
        and wait.
`;

test("a plan becomes a checklist with its variables filled in", () => {
  assert.equal(
    renderPlan(source(TEA), { kind: "oolong" }),
    "### Brew oolong\n\nFor 2 guests.\n\n#### Water\n\n- [ ] Boil it for oolong.\n\n#### Leaves\n\n- [ ] Pour and wait.",
  );
});

test("a variable's value is put in as it is, never filled again", () => {
  assert.match(
    renderPlan(source(TEA), { kind: "{{guests}} $& {{nope}}" }),
    /Boil it for \{\{guests\}\} \$& \{\{nope\}\}\./,
  );
});

test("a missing variable is refused with its name and its plan's", () => {
  assert.throws(() => renderPlan(source(TEA), {}), {
    name: "Refusal",
    message: /the plan "Brew \{\{kind\}\}" needs the variable "kind"/,
    fix: "Add --var kind=VALUE.",
  });
});

test("an unknown variable is refused with the nearest and the known ones", () => {
  assert.throws(() => renderPlan(source(TEA), { kind: "x", guest: "3" }), {
    message: /has no variable "guest"/,
    fix: 'Did you mean "guests"? It has: kind, guests.',
  });
  assert.throws(() => renderPlan(source("name: N\nsteps: [a]\n"), { zebra: "1" }), { fix: "It has none." });
});

const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ["no YAML", "name: [x\nsteps: y", /plans\/tea\.yaml:\d+: /],
  ["an unknown key", "name: N\nsteps: [a]\ncolour: red\n", /plans\/tea\.yaml:1: the plan: .*colour/],
  ["a step that is no text", "name: N\nsteps:\n  - a\n  - {b: c}\n", /plans\/tea\.yaml:4: steps\.1: /],
  ["neither steps nor phases", "name: N\n", /needs either steps or phases/],
  ["both steps and phases", "name: N\nsteps: [a]\nphases: [{title: t, steps: [a]}]\n", /needs either/],
  ["nothing at all", "", /plans\/tea\.yaml:1: the plan: /],
  [
    "an unknown placeholder",
    "name: N\nsteps:\n  - fine\n  - do {{what}}\n",
    /tea\.yaml:4: unknown placeholder \{\{what\}\}/,
  ],
];

for (const [what, text, message] of WRONG) {
  test(`a plan with ${what} is refused with its place`, () => {
    assert.throws(() => renderPlan(source(text), {}), { name: "Refusal", message });
  });
}
