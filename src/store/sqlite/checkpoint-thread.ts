/** The thread that copies the journal into the database file: each message is a wish for one checkpoint. */
import { parentPort, workerData } from "node:worker_threads";
import { connect } from "./connection.ts";

const db = connect(workerData as string);

parentPort?.on("message", () => {
  // PASSIVE waits for nobody and holds up nobody; what it could not copy, the next one does.
  db.script("pragma wal_checkpoint(passive)");
  parentPort?.postMessage("done");
});
