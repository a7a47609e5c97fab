/**
 * Keeps the journal short without making anyone wait: after so many bytes of deliveries it is copied into the database
 * file by a thread of its own, which is started when first needed. Without it, every burst of webhooks would stop for
 * tens of milliseconds in its middle. SQLite's own checkpoint stays as the fallback (`connection.ts`).
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

const EVERY_BYTES = 16 * 1024 * 1024;

export interface Checkpointer {
  wrote(bytes: number): void;
  end(): Promise<void>;
}

export function createCheckpointer(file: string): Checkpointer {
  let thread: Worker | null = null;
  let busy = false;
  let written = 0;
  const open = (): Worker => {
    const path = `./checkpoint-thread${extname(import.meta.filename)}`;
    const worker = new Worker(new URL(path, import.meta.url), { workerData: file });
    worker.unref();
    worker.on("message", () => {
      busy = false;
    });
    // Nothing depends on it: the journal grows until the fallback, and the next wish starts a new thread.
    worker.on("error", () => {
      thread = null;
      busy = false;
    });
    return worker;
  };
  return {
    wrote(bytes) {
      written += bytes;
      if (busy || written < EVERY_BYTES) return;
      written = 0;
      busy = true;
      thread ??= open();
      thread.postMessage("checkpoint");
    },
    async end() {
      await thread?.terminate();
    },
  };
}
