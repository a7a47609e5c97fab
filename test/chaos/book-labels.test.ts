/** The books of labels: as many runs and reasons as times a label was put on. */
import { test } from "node:test";
import {
  answerOf,
  BUSY,
  command,
  comment,
  facts,
  finds,
  footer,
  issue,
  run,
  SECOND,
  withRuns,
} from "./book-facts.ts";
import type { Facts, RunFacts } from "./facts.ts";
import { statusMarker } from "./words.ts";

const label = "dispatch:chaos:commit-1";
const put = (more = {}) => command(label, { kind: "label", ...more });
const withLabels = (commands: Facts["commands"], runs: readonly RunFacts[], busy = 0) => {
  const answers = runs.flatMap(({ id }, index) => [
    comment(`s${index}`, "**Completed.**", statusMarker(id)),
    answerOf(id, `a${index}`),
  ]);
  const replies = Array.from({ length: busy }, (_, index) => comment(`b${index}`, `${BUSY}${footer("r1")}`));
  return facts({
    commands,
    issues: [issue({ comments: [...answers, ...replies] })],
    store: withRuns(...runs),
  });
};
const one = run({ trigger: label });
const two = run({ ...SECOND, trigger: label });

test("put on again after its run's end it has a second run, and no third", () => {
  finds(withLabels([put(), put()], [one, two]), {});
  finds(withLabels([put()], [one, two]), { doubled: 1 });
});

test("put on again with neither run nor reason it is lost; a reason is told once", () => {
  finds(withLabels([put(), put()], [one]), { lost: 2 });
  finds(withLabels([put(), put()], [one], 1), {});
  finds(withLabels([put(), put()], [one], 2), { doubled: 1 });
});

test("put on again while its own run is at work it may be told a reason, once", () => {
  finds(withLabels([put(), put({ fleeting: true })], [one]), {});
  finds(withLabels([put(), put({ fleeting: true })], [one], 1), {});
  finds(withLabels([put(), put({ fleeting: true })], [one], 2), { doubled: 1 });
});

test("a second label beside the first is refused for the run that is there, or has one of its own", () => {
  const other = command("dispatch:chaos:commit-2", { kind: "label" });
  finds(withLabels([put(), other], [one], 1), {});
  finds(withLabels([put(), other], [one, { ...two, trigger: other.ref }]), {});
  finds(withLabels([put(), other], [one]), { lost: 2 });
});
