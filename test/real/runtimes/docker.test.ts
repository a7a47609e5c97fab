/** The runtime contract on the real docker of this machine. */
import { describe } from "node:test";
import { runtimeContract } from "../../contracts/runtime.ts";
import { opens, skipReason } from "./engine.ts";

describe("docker", { skip: await skipReason("docker") }, () => runtimeContract("docker", opens("docker")));
