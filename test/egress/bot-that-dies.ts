/** Opens a way to the network, says where, and waits to be killed. */
import { createEgress, type WayRequest } from "../../src/egress/egress.ts";
import { NO_OUTER } from "./stage.ts";

const [dir = "", request = ""] = process.argv.slice(2);
const way = await createEgress({ dir, env: {}, outer: NO_OUTER }).open(JSON.parse(request) as WayRequest);
process.stdout.write(`${way.folder}\n`);
setInterval(() => {}, 60_000);
