/** The whole bot with an agent that may reach named hosts only, wherever it runs: what it asked beside them is told. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type LocalForgeWorld, startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { type Bot, scripted, startBot } from "../../journeys/bot.ts";
import { answer, finalAnswer, openDesk, say } from "../../journeys/person.ts";
import { confines } from "../../runtimes/native/confines.ts";
import { ENGINE_ENV, skipReason } from "./engine.ts";
import { IMAGE } from "./image.ts";

/** Asks both hosts by the proxy it is given, the forge by its bare address, and goes on talking until it may end. */
const ASKS = `
const http = require("node:http"), fs = require("node:fs");
const { ALLOWED, FORGE, HTTP_PROXY } = process.env;
const proxy = new URL(HTTP_PROXY);
const ask = (name, options) => new Promise((resolve) => http
  .get(options, (response) => resolve(console.log(name + ": " + response.statusCode)) ?? response.resume())
  .on("error", (error) => resolve(console.log(name + ": " + error.code))));
const through = (url) => ({ host: proxy.hostname, port: proxy.port, path: url, headers: { host: new URL(url).host } });
(async () => {
  await ask("allowed", through(ALLOWED));
  await ask("blocked", through("http://elsewhere.example/secret"));
  await ask("forge", FORGE);
  while (!fs.existsSync("go")) {
    console.log("waiting");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  fs.rmSync("go");
  console.log("DONE asked");
})();
`;
const PATIENCE_MS = 120_000;

for (const name of ["native", "docker", "podman"] as const) {
  const skip =
    name === "native" ? !(await confines()) && "agents can not be confined here" : await skipReason(name);
  describe(`an agent with an allowlist in ${name}`, { skip }, () => {
    const registry = createServer((_, response) => response.end("a package"));
    let world: LocalForgeWorld;
    let bot: Bot;
    before(async () => {
      registry.listen(0, "127.0.0.1");
      await new Promise((resolve) => registry.once("listening", resolve));
      const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
      world = await startLocalForgeWorld();
      const agent = scripted("asks", { argv: ["node", "-e", ASKS] });
      const env = { ALLOWED: `http://${host}/package`, FORGE: `${world.url}/` };
      bot = await startBot(world, {
        agents: [{ ...agent, runtime: name, image: IMAGE, network: "allowlist", allow: [host], env }],
        change: (config) => ({
          ...config,
          engineEnv: ENGINE_ENV,
          defaults: { ...config.defaults, agent: "asks", confined: true },
        }),
      });
    });
    after(async () => {
      await bot?.close();
      await world?.close();
      registry.close();
    });

    test("reaches what it may, nothing else, and the status and the answer name the host", async () => {
      const desk = await openDesk(world, []);
      await say(desk, "/dispatch");
      const status = await answer(desk, /\*\*Running[\s\S]*not let to/, PATIENCE_MS);
      assert.match(status.body, /The agent was not let to `elsewhere\.example/);
      const [run] = await bot.app.store.runs({});
      await writeFile(join(run?.workspace?.dir ?? "", "repo", "go"), "");
      const { body } = await finalAnswer(desk, /Completed/, PATIENCE_MS);
      assert.match(body, /The agent was not let to `elsewhere\.example/);
      assert.ok(!body.includes("127.0.0.1"));
      const log = (await bot.app.store.run(run?.id ?? ""))?.report?.logTail.join("\n") ?? "";
      assert.match(log, /^allowed: 200$/m);
      assert.match(log, /^blocked: 403$/m);
      assert.match(log, /^forge: E[A-Z]+$/m);
    });
  });
}
