/** The runtime contract on the real podman of this machine. */
import { describe } from "node:test";
import { runtimeContract } from "../../contracts/runtime.ts";
import { opens, skipReason } from "./engine.ts";

describe("podman", { skip: await skipReason("podman") }, () => runtimeContract("podman", opens("podman")));
