/** Words made into effects: where they go and the key under which they are said once. */
import type { NewEffect } from "../model/effect.ts";
import type { Run } from "../model/run.ts";

/** The run's one status comment; a newer one replaces a waiting one. */
export function statusEffect(run: Run, body: string): NewEffect {
  return {
    repo: run.repo,
    issue: run.issue.number,
    runId: run.id,
    key: `status:${run.id}`,
    action: { kind: "status", body },
  };
}

/** A comment about a run that is neither its status nor its answer; `about` makes it unique for the run. */
export function noticeEffect(run: Run, about: string, body: string): NewEffect {
  const key = `${about}:${run.id}`;
  return { repo: run.repo, issue: run.issue.number, runId: run.id, key, action: { kind: "comment", body } };
}
