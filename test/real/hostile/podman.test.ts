/** Every attack, contained by the real podman of this machine. */
import { describe } from "node:test";
import { skipReason } from "../runtimes/engine.ts";
import { IMAGE } from "../runtimes/image.ts";
import { hostileSuite } from "./suite.ts";

describe("podman", { skip: await skipReason("podman") }, () =>
  hostileSuite("podman", { limits: true, image: IMAGE }),
);
