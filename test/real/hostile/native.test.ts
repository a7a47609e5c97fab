/** Every attack that applies, confined on the host by bubblewrap. */
import { spawnSync } from "node:child_process";
import { describe } from "node:test";
import { hostileSuite } from "./suite.ts";

const found = spawnSync("bwrap", ["--version"]).status === 0;
/** On CI a missing bubblewrap is no reason: the tests run, and fail. */
const skip = found || process.env.CI ? false : "bubblewrap is not installed on this machine";

describe("native", { skip }, () => hostileSuite("native", { limits: false, image: null }));
