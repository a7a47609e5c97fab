/**
 * What the database itself refuses, made from the model: every arrow that `TRANSITIONS` lacks, a run that does not
 * begin in the queue, and a second active run on an issue. Re-made at each open when the model says otherwise than
 * the file, so that a change of the model needs no migration.
 */
import { ACTIVE_STATES, RUN_STATES, type RunState, TRANSITIONS } from "../../model/run.ts";
import type { Connection } from "./connection.ts";

interface Rule {
  readonly kind: "trigger" | "index";
  readonly name: string;
  readonly sql: string;
}

const RULES: readonly Rule[] = [
  {
    kind: "trigger",
    name: "runs_begin_queued",
    sql: `create trigger runs_begin_queued before insert on runs when new.state <> 'queued'
      begin select raise(abort, 'a run begins in the queue'); end`,
  },
  {
    kind: "trigger",
    name: "runs_arrows",
    sql: `create trigger runs_arrows before update of state on runs when not (${arrows()})
      begin select raise(abort, 'a run does not move along this arrow'); end`,
  },
  {
    kind: "index",
    name: "runs_one_active",
    sql: `create unique index runs_one_active on runs (forge, owner, name, issue)
      where state in (${list(ACTIVE_STATES)})`,
  },
];

/** To be called inside the transaction that migrates. */
export function applyRules(db: Connection): void {
  for (const rule of RULES) {
    const present = db.get<{ sql: string }>("select sql from sqlite_schema where name = ?", rule.name);
    if (present?.sql.toLowerCase() === rule.sql.toLowerCase()) continue;
    db.script(`drop ${rule.kind} if exists ${rule.name}; ${rule.sql};`);
  }
}

function arrows(): string {
  return RUN_STATES.filter((from) => TRANSITIONS[from].length > 0)
    .map((from) => `(old.state = '${from}' and new.state in (${list(TRANSITIONS[from])}))`)
    .join(" or ");
}

/** States as SQL literals; they are our own words, never input. */
export function list(states: readonly RunState[]): string {
  return states.map((state) => `'${state}'`).join(", ");
}
