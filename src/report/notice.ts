/** A comment about a run that is neither its status nor its answer. */
import type { NewEffect } from "../model/effect.ts";
import type { Run } from "../model/run.ts";

/** `about` makes it unique for the run: the same notice twice is said once. */
export function noticeEffect(run: Run, about: string, body: string): NewEffect {
  const key = `${about}:${run.id}`;
  return { repo: run.repo, issue: run.issue.number, runId: run.id, key, action: { kind: "comment", body } };
}
