import assert from "node:assert/strict";
import { test } from "node:test";
import type { Readiness } from "../../src/cli/commands.ts";
import { isReady, showReadiness } from "../../src/cli/show-readiness.ts";
import { cli } from "./terminal.ts";

const READY: Readiness = {
  config: { file: "/d/agents.yaml", dataDir: "/d/data", store: "SQLite", listen: "127.0.0.1:3000" },
  forges: [
    {
      name: "codeberg",
      kind: "forgejo",
      probe: { ready: true, summary: "codeberg.org as dispatch-bot", fix: null },
    },
    {
      name: "work",
      kind: "github",
      probe: { ready: false, summary: "answered 401", fix: "Make a new key." },
    },
  ],
  runtimes: [
    { name: "native", probe: { ready: true, version: "linux 6.1", reason: null, lacks: {} } },
    { name: "docker", probe: { ready: false, version: null, reason: "no docker on PATH", lacks: {} } },
  ],
  agents: [
    {
      name: "claude",
      enabled: true,
      runtime: "native",
      ready: true,
      detail: "2.1.328",
      fix: null,
      warning: "not confined",
    },
    {
      name: "codex",
      enabled: true,
      runtime: null,
      ready: false,
      detail: "no container runtime",
      fix: "Set runtime: native.",
      warning: null,
    },
    { name: "gemini", enabled: false, runtime: null, ready: false, detail: "", fix: null, warning: null },
  ],
};

test("what is ready, missing and off is shown with its fix, and what is ready with its warning", () => {
  assert.equal(
    showReadiness(READY, (text) => text),
    [
      "configuration  /d/agents.yaml",
      "data           /d/data",
      "store          SQLite",
      "address        127.0.0.1:3000",
      "",
      "Forges",
      "  ready    codeberg  forgejo, codeberg.org as dispatch-bot",
      "  missing  work      github, answered 401",
      "                     fix: Make a new key.",
      "",
      "Runtimes",
      "  ready    native  linux 6.1",
      "  missing  docker  no docker on PATH",
      "",
      "Agents",
      "  ready    claude  native, 2.1.328",
      "                   warning: not confined",
      "  missing  codex   no container runtime",
      "                   fix: Set runtime: native.",
      "  off      gemini  switched off in agents.yaml",
      "",
      "ready: agent-dispatch start",
      "",
    ].join("\n"),
  );
});

test("without a forge or an agent that is ready and on, check says so and exits with 1", async () => {
  const silent = { ...READY, forges: READY.forges.slice(1) };
  const idle = {
    ...READY,
    agents: READY.agents.map((agent) => ({ ...agent, enabled: agent.name !== "claude" })),
  };
  assert.deepEqual([isReady(READY), isReady(silent), isReady(idle)], [true, false, false]);
  const told = await cli(["check"], { check: async () => silent });
  assert.deepEqual([told.code, told.out.endsWith("not ready: no forge is ready\n")], [1, true]);
  assert.match(
    showReadiness(idle, (text) => text),
    /not ready: no agent is ready\n$/,
  );
  assert.equal((await cli(["check"], { check: async () => READY })).code, 0);
});
