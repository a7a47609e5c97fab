/** Every attack, contained by the real docker of this machine. */
import { describe } from "node:test";
import { skipReason } from "../runtimes/engine.ts";
import { IMAGE } from "../runtimes/image.ts";
import { hostileSuite } from "./suite.ts";

describe("docker", { skip: await skipReason("docker") }, () =>
  hostileSuite("docker", { limits: true, image: IMAGE }),
);
