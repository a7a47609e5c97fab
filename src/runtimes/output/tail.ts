/**
 * Follows the two raw files of a run while they grow. It polls: watching costs a kernel handle per file and still
 * misses writes on some file systems. Order is kept within a stream, not between the two.
 */
import { closeSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { LogChunk } from "../runtime.ts";
import { openRaw } from "./raw.ts";
import type { Ticker } from "./ticker.ts";

/** Where each stream is written. */
export type OutputFiles = Readonly<Record<LogChunk["stream"], string>>;

export type Tail = (
  files: OutputFiles,
  ended: Promise<unknown>,
  signal: AbortSignal,
) => AsyncGenerator<LogChunk>;

interface Source {
  readonly stream: LogChunk["stream"];
  /** Null when there is no such file, as of a removed run: it printed nothing. */
  readonly fd: number | null;
  position: number;
}

/** Reads are synchronous and share one buffer: at the end of a file in the page cache that is cheapest by far. */
export function createTail(ticker: Ticker): Tail {
  const buffer = Buffer.allocUnsafe(64 * 1024);
  return async function* tail(files, ended, signal) {
    const sources: readonly Source[] = (["stdout", "stderr"] as const).map((stream) => {
      return { stream, fd: openRaw(files[stream]), position: 0 };
    });
    const bell = createBell(ticker, ended, signal);
    try {
      while (!signal.aborted) {
        const chunks = sources.map((source) => readChunk(source, buffer)).filter((chunk) => chunk !== null);
        for (const chunk of chunks) yield chunk;
        // No turn of the event loop lies between an empty read and this question: after the end, empty is final.
        if (chunks.length > 0) await setImmediate();
        else if (bell.ended()) return;
        else await bell.rung();
      }
    } finally {
      bell.close();
      for (const { fd } of sources) if (fd !== null) closeSync(fd);
    }
  };
}

function readChunk(source: Source, buffer: Buffer): LogChunk | null {
  if (source.fd === null) return null;
  const length = readSync(source.fd, buffer, 0, buffer.length, source.position);
  if (length === 0) return null;
  source.position += length;
  return { stream: source.stream, data: Buffer.from(buffer.subarray(0, length)) };
}

/** Rings at each tick, at the run's end and at an abort. */
function createBell(ticker: Ticker, ended: Promise<unknown>, signal: AbortSignal) {
  let over = false;
  let wake = () => {};
  const off = ticker.each(() => wake());
  const ring = () => wake();
  signal.addEventListener("abort", ring);
  const end = () => {
    over = true;
    wake();
  };
  ended.then(end, end);
  return {
    ended: () => over,
    rung: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (over || signal.aborted) resolve();
      }),
    close() {
      off();
      signal.removeEventListener("abort", ring);
    },
  };
}
