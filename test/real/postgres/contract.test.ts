/** Every sentence of the store's contract, on a real PostgreSQL. */
import { storeContract } from "../../contracts/store.ts";
import { openStores } from "./server.ts";

storeContract("postgres", () => openStores());
