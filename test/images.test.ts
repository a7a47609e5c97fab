/** What is written twice about images must agree: versions, names, what is shipped, where data is mounted. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { createAgents } from "../src/agents/registry.ts";
import { AGENT_IMAGE } from "../src/config/schema.ts";
import { agentConfig } from "./agents/settings.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const json = (path: string) => JSON.parse(read(path)) as Record<string, Record<string, unknown>>;

test("the agents in the image are those that the tests run, and that doctor takes for tested", () => {
  const image = json("images/agent/package.json").dependencies;
  assert.deepEqual(image, json("test/real/agents/package.json").dependencies);
  const { packages } = json("images/agent/package-lock.json");
  assert.deepEqual(packages, { ...json("test/real/agents/package-lock.json").packages, "": packages?.[""] });
  const tested = Object.fromEntries(
    ["claude", "gemini", "codex"].map((name) => [
      name,
      createAgents({ [name]: agentConfig(name) }, Date.now).get(name)?.program.tested,
    ]),
  );
  assert.deepEqual(Object.values(image ?? {}), Object.values(tested));
});

test("the image's folder is shipped, and everything its Dockerfile copies is there", () => {
  assert.ok((json("package.json").files as unknown as readonly string[]).includes("images"));
  for (const file of /^COPY (.+) \S+$/m.exec(read("images/agent/Dockerfile"))?.[1]?.split(" ") ?? [])
    assert.ok(existsSync(join(root, "images/agent", file)), file);
  assert.match(read("agents.example.yaml"), new RegExp(`image: ${AGENT_IMAGE}`));
});

test("compose.yaml mounts the data folder at the path it has on the host, wherever agents are started", () => {
  const text = read("compose.yaml");
  const { services } = parse(text, { merge: true }) as {
    services: Record<string, { environment: Record<string, string>; volumes: readonly string[] }>;
  };
  for (const name of ["dispatch", "worker"]) {
    const service = services[name];
    const folder = service?.environment.DATA_DIR;
    assert.ok(service?.volumes.includes(`${folder}:${folder}`), name);
    assert.ok(
      service?.volumes.some((volume) => volume.endsWith(":/var/run/docker.sock")),
      name,
    );
  }
  assert.ok(!services.web?.volumes.some((volume) => volume.endsWith("docker.sock")));
});
