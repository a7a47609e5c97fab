/**
 * What the database itself refuses, made from the model: every arrow that `TRANSITIONS` lacks, a run that does not
 * begin in the queue, and a second active run on an issue. They have a number: a server that knows newer ones than the
 * file puts them in, and an older one leaves them alone, so that a change of the model needs no migration.
 */
import { ACTIVE_STATES, RUN_STATES, type RunState, TRANSITIONS } from "../../model/run.ts";
import type { Connection } from "./connection.ts";

/** One more with each change of what the rules say. */
export const RULES_NUMBER = 1;

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

/** All of them: another text wants another number. */
export function rulesText(): string {
  return RULES.map(({ sql }) => sql).join(";\n");
}

/** To be called inside the transaction that migrates. */
export function applyRules(db: Connection): void {
  const found = db.get<{ value: number }>("select value from settings where name = 'rules'")?.value ?? 0;
  if (found > RULES_NUMBER) return;
  for (const rule of RULES) {
    const present = db.get<{ sql: string }>("select sql from sqlite_schema where name = ?", rule.name);
    if (present?.sql.toLowerCase() === rule.sql.toLowerCase()) continue;
    db.script(`drop ${rule.kind} if exists ${rule.name}; ${rule.sql};`);
  }
  if (found === RULES_NUMBER) return;
  db.run(
    "insert into settings values ('rules', ?) on conflict do update set value = excluded.value",
    RULES_NUMBER,
  );
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
