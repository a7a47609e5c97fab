/** PostgreSQL's tables, over a connection of our own that is made anew whenever the server was killed. */
import { Client, types } from "pg";
import { SCHEMA } from "../../src/store/postgres/postgres-store.ts";
import {
  type ClockRow,
  type EventRow,
  type HeldRun,
  type RunRow,
  runFacts,
  type StoreView,
} from "./store-view.ts";

const PATIENCE_MS = 2000;

export function postgresView(url: string): StoreView {
  let open: Promise<Client> | null = null;
  const forget = () => {
    open = null;
  };

  async function connect(): Promise<Client> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: 10 * PATIENCE_MS,
      options: `-c search_path=${SCHEMA}`,
      types: {
        getTypeParser: (id, format) =>
          id === types.builtins.INT8 ? Number : types.getTypeParser(id, format),
      },
    });
    client.on("error", forget);
    await client.connect();
    return client;
  }

  async function all<Row extends object>(sql: string): Promise<Row[]> {
    open ??= connect();
    try {
      return (await (await open).query<Row>(sql)).rows;
    } catch (error) {
      const broken = open;
      forget();
      await broken?.then((client) => client.end()).catch(() => {});
      throw error;
    }
  }

  const count = async (sql: string) =>
    (await all<{ n: number }>(`select count(*) as n from ${sql}`))[0]?.n ?? 0;
  const lines = async (sql: string) => (await all<{ line: string }>(sql)).map(({ line }) => line);
  return {
    async sight() {
      return {
        held: await all<HeldRun>("select id, state, lease, worker from runs where lease is not null"),
        queued: await count("runs where state = 'queued'"),
        openDeliveries: await count("deliveries where settled_at is null"),
        waitingEffects: await count("effects where state = 'waiting'"),
        begunEffects: await count("effects where state = 'waiting' and tries > 0"),
      };
    },
    async facts() {
      return {
        runs: runFacts({
          runs: await all<RunRow>("select * from runs order by number"),
          events: await all<EventRow>("select * from run_events order by number"),
          clocks: await all<ClockRow>(
            "select run_id, key, action from effects where kind = 'time' order by place",
          ),
        }),
        openDeliveries: await count("deliveries where settled_at is null"),
        waitingEffects: await count("effects where state = 'waiting'"),
        givenUp: await lines(
          `select owner || '/' || name || '#' || issue || ' ' || key || ': ' || coalesce(reason, '') as line
             from effects where state = 'given_up' and kind <> 'stopwatch'`,
        ),
        setAside: await lines(
          "select id || ' ' || event || ': ' || rejected as line from deliveries where rejected is not null",
        ),
      };
    },
    async close() {
      await open?.then((client) => client.end()).catch(() => {});
    },
  };
}
