/** Every sentence of what a store of many machines has beside the rest, on a real PostgreSQL. */
import { fleetContract } from "../../contracts/fleet.ts";
import { openStores } from "./server.ts";

fleetContract("postgres", () => openStores());
