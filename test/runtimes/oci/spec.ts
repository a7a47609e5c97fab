/** A run with everything a run may have, for tests of command lines. */
import type { StartSpec } from "../../../src/runtimes/runtime.ts";

export const SPEC: StartSpec = {
  runId: "7f3a",
  attempt: 2,
  argv: ["codex", "exec", "-"],
  env: { OPENAI_API_KEY: "canary-key", PATH: "/bin" },
  stdin: "canary-prompt",
  folders: { checkout: "/w/repo", meta: "/w/.meta", home: "/w/.home", logs: "/w/.logs" },
  limits: { memoryBytes: 4_294_967_296, cpus: 1.5, pids: 512 },
  image: "ghcr.io/acme/agents:1",
  gpu: true,
  network: "none",
  visible: ["/srv/proxy, one/socket"],
  confined: true,
};
