/**
 * The numbered steps that make and change the tables. A step that has been released is never edited: add another.
 * What follows from the model (arrows, one active run per issue) is in `rules.ts`, not here.
 *
 * `owner` and `name` compare without case, as the forges do. In runs, `model` '' means none, `place` is the order
 * within one priority. `queue_heads` holds the first queued run of each (pool, model, repository), kept by triggers,
 * so that a claim looks at the heads and never at the queue behind them.
 */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

const DELIVERIES = `
  create table deliveries (
    number integer primary key,
    forge text not null, id text not null, event text not null,
    body text not null, received_at integer not null,
    settled_at integer, rejected text,
    unique (forge, id)
  ) strict;
  create index deliveries_open on deliveries (number) where settled_at is null;
  create table seen_keys (key text primary key) strict, without rowid;
  create table issue_labels (
    forge text not null, owner text not null collate nocase, name text not null collate nocase,
    issue integer not null, labels text not null,
    primary key (forge, owner, name, issue)
  ) strict, without rowid;`;

const RUNS = `
  create table runs (
    number integer primary key,
    id text not null unique,
    forge text not null, owner text not null collate nocase, name text not null collate nocase,
    issue integer not null,
    pool text not null, model text not null, priority integer not null, place integer not null,
    state text not null, attempt integer not null,
    lease text, lease_until integer, worker text,
    created_at integer not null, queued_at integer not null,
    started_at integer, ended_at integer, agent_ms integer not null,
    handle text, session text, status_comment text, cancelled_by text,
    workspace text, outcome text, report text, answers text not null,
    snapshot text not null, set_off text not null, request text not null
  ) strict;
  create index runs_by_issue on runs (forge, owner, name, issue, number);
  create index runs_by_state on runs (state, number);
  create index runs_leased on runs (lease_until) where lease is not null;
  create index runs_queue on runs (priority desc, place) where state = 'queued';
  create index runs_lanes on runs (pool, model, forge, owner, name, priority desc, place) where state = 'queued';
  create table run_events (
    number integer primary key,
    run_id text not null references runs (id),
    attempt integer not null, from_state text, to_state text not null,
    at integer not null, detail text
  ) strict;
  create index run_events_by_run on run_events (run_id, number);
  create table counters (name text primary key, value integer not null) strict, without rowid;
  insert into counters values ('place', 0);`;

const QUEUE_HEADS = `
  create table queue_heads (
    pool text not null, model text not null,
    forge text not null, owner text not null collate nocase, name text not null collate nocase,
    priority integer not null, place integer not null, run_id text not null,
    primary key (pool, model, forge, owner, name)
  ) strict, without rowid;
  create index queue_heads_order on queue_heads (pool, model, priority desc, place);
  create trigger runs_enqueued after insert on runs when new.state = 'queued' begin ${enterQueue()} end;
  create trigger runs_requeued after update of state on runs when new.state = 'queued' begin ${enterQueue()} end;
  create trigger runs_dequeued after update of state on runs
    when old.state = 'queued' and new.state <> 'queued' begin
    delete from queue_heads where run_id = old.id and pool = old.pool and model = old.model
      and forge = old.forge and owner = old.owner and name = old.name;
    insert or ignore into queue_heads
      select pool, model, forge, owner, name, priority, place, id from runs
      where state = 'queued' and pool = old.pool and model = old.model
        and forge = old.forge and owner = old.owner and name = old.name
      order by priority desc, place limit 1;
  end;`;

function enterQueue(): string {
  return `
    insert into queue_heads values
      (new.pool, new.model, new.forge, new.owner, new.name, new.priority, new.place, new.id)
    on conflict do update set priority = excluded.priority, place = excluded.place, run_id = excluded.run_id
      where excluded.priority > priority or (excluded.priority = priority and excluded.place < place);`;
}

const REST = `
  create table pools (pool text primary key, failures integer not null, paused_until integer) strict, without rowid;
  create table settings (name text primary key, value integer not null) strict, without rowid;
  insert into settings values ('frozen', 0);
  create table effects (
    place integer primary key,
    id text not null unique, version integer not null,
    key text not null unique,
    forge text not null, owner text not null collate nocase, name text not null collate nocase,
    issue integer not null, run_id text,
    kind text not null, action text not null,
    state text not null check (state in ('waiting', 'confirmed', 'given_up')),
    due_at integer not null, tries integer not null, taken integer, reason text
  ) strict;
  create index effects_due on effects (due_at, place) where state = 'waiting';
  create index effects_by_issue on effects (forge, owner, name, issue, place) where state = 'waiting';`;

/**
 * `since` is when a hold, delay or pause was begun: before it, the clock has been set back (`clock.ts`). `settled_at`
 * of an effect is when it was confirmed or given up; of those before this step the end of their hold stands for it.
 */
const CLOCK_AND_HOUSEKEEPING = `
  create table bookmarks (name text primary key, value text not null) strict, without rowid;
  insert into settings values ('reached', 0);
  alter table pools add column since integer;
  alter table effects add column since integer not null default 0;
  alter table effects add column settled_at integer;
  update effects set settled_at = due_at where state <> 'waiting';
  drop index effects_due;
  create index effects_due on effects (forge, due_at, place) where state = 'waiting';
  create index effects_since on effects (since) where state = 'waiting';
  create index effects_settled on effects (settled_at) where state <> 'waiting';
  create index deliveries_settled on deliveries (settled_at) where settled_at is not null;`;

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: DELIVERIES + RUNS + QUEUE_HEADS + REST },
  { version: 2, sql: CLOCK_AND_HOUSEKEEPING },
];
