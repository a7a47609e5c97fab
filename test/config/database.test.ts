import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../src/supervisor/redact.ts";
import { FORGEJO, load, problemsOf } from "./load-with.ts";

const URL_OF = (password: string): string => `postgres://bot:${password}@db.example.test:5432/dispatch`;
const ALLOWED = "(a URL such as postgres://user:password@host:5432/database)";

test("without DATABASE_URL and ROLE one process does everything with SQLite", () => {
  const { role, databaseUrl } = load("");
  assert.deepEqual([role, databaseUrl], ["all", null]);
});

test("DATABASE_URL names the store, and ROLE this process's part", () => {
  for (const role of ["all", "web", "worker"]) {
    const config = load("", { ...FORGEJO, DATABASE_URL: URL_OF("p"), ROLE: role });
    assert.deepEqual([config.role, config.databaseUrl], [role, URL_OF("p")]);
  }
  const short = load("", { ...FORGEJO, DATABASE_URL: "postgresql:///dispatch?host=/run/postgresql" });
  assert.equal(short.databaseUrl, "postgresql:///dispatch?host=/run/postgresql");
});

test("what is no address of PostgreSQL is refused without its value", () => {
  for (const wrong of ["mysql://bot:hunter22@db/x", "hunter22", "//hunter22"]) {
    assert.deepEqual(problemsOf("", { ...FORGEJO, DATABASE_URL: wrong }), [
      `environment DATABASE_URL is no address of PostgreSQL ${ALLOWED}`,
    ]);
  }
  assert.deepEqual(problemsOf("", { ...FORGEJO, DATABASE_URL: URL_OF("100%sure") }), [
    `environment DATABASE_URL has a % that begins no escape; write % itself as %25 ${ALLOWED}`,
  ]);
});

test("an address that a password tears apart is refused, and not repeated", () => {
  for (const url of [
    "postgres://u:12/hunter2@db/x",
    "postgres://u:12?hunter2@db/x",
    "postgres://u:12#hunter2@db/x",
    "postgres://u:p@db/x#hunter2",
  ]) {
    const [problem, ...others] = problemsOf("", { ...FORGEJO, DATABASE_URL: url });
    assert.match(problem ?? "", /DATABASE_URL is torn apart by a/, url);
    assert.doesNotMatch([problem, ...others].join(), /hunter2/);
  }
});

test("a role that shares the work needs PostgreSQL, and must be one", () => {
  assert.deepEqual(problemsOf("", { ...FORGEJO, ROLE: "worker" }), [
    "environment ROLE is worker, but without DATABASE_URL one process does everything (set DATABASE_URL, or ROLE=all)",
  ]);
  assert.deepEqual(problemsOf("", { ...FORGEJO, ROLE: "wroker" }), [
    'environment ROLE "wroker" is not one of them; did you mean "worker"? (all, web, worker)',
  ]);
});

test("the URL of the database and its password, as written and as meant, are taken out of logs", () => {
  const { secrets } = load("", { ...FORGEJO, DATABASE_URL: URL_OF("s%2Fecret%40word") });
  const redact = createRedactor(secrets);
  for (const secret of [URL_OF("s%2Fecret%40word"), "s%2Fecret%40word", "s/ecret@word"]) {
    assert.doesNotMatch(redact(`cannot reach ${secret} now`), /ecret/);
  }
  const asParameter = load("", { ...FORGEJO, DATABASE_URL: "postgres://db/x?user=u&password=long+secret" });
  assert.doesNotMatch(createRedactor(asParameter.secrets)("no: long secret"), /long secret/);
});

test("no agent may get the address of the database", () => {
  const env = { ...FORGEJO, DATABASE_URL: URL_OF("hunter2222") };
  assert.deepEqual(problemsOf("agents: {codex: {secret_env: [DATABASE_URL]}}", env), [
    "1:31 agents.codex.secret_env.0 DATABASE_URL is the server's own credential; no agent may get it (keys of model providers)",
  ]);
  assert.equal(problemsOf("agents: {codex: {env: {DB: hunter2222}}}", env).length, 1);
});
