/** A process that holds a data folder, `hold DIR`, or a slot of it, `slot DIR`, says its worker, and lives on. */
import { claimSlot, holdDataFolder } from "../../src/store/data-folder.ts";

const [how, dir = ""] = process.argv.slice(2);
try {
  const held = how === "slot" ? await claimSlot(dir) : { dir, ...(await holdDataFolder(dir, "server")) };
  process.stdout.write(`${held.dir} ${held.worker}\n`);
  setInterval(() => {}, 1_000_000);
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
