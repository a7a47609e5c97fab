/**
 * What the database itself refuses, made from the model: every arrow that `TRANSITIONS` lacks, a run that does not
 * begin in the queue, and a second active run on an issue. They have a number: a server that knows newer ones than the
 * database puts them in, and an older one leaves them alone, so that a change of the model needs no migration.
 */
import { ACTIVE_STATES, RUN_STATES, type RunState, TRANSITIONS } from "../../model/run.ts";

/** One more with each change of what `rules` returns. */
export const RULES_NUMBER = 1;

export const ONE_ACTIVE = "runs_one_active";

/** SQL that makes the rules anew; the same text for the same model. */
export function rules(): string {
  return `-- rules ${RULES_NUMBER}
    drop trigger if exists runs_begin_queued on runs;
    create trigger runs_begin_queued before insert on runs for each row
      when (new.state <> 'queued') execute function refuse_beginning();
    drop trigger if exists runs_arrows on runs;
    create trigger runs_arrows before update of state on runs for each row
      when (not (${arrows()})) execute function refuse_arrow();
    drop index if exists ${ONE_ACTIVE};
    create unique index ${ONE_ACTIVE} on runs (forge, lower(owner), lower(name), issue)
      where state in (${list(ACTIVE_STATES)});`;
}

/** Of the rules in a database, by their text. */
export function rulesNumber(text: string): number {
  return Number(/^-- rules (\d+)/.exec(text)?.[1] ?? 0);
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
