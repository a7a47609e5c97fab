/**
 * Loads the configuration again when agents.yaml or `.env` changes, or when told to. A wrong one is reported and the
 * caller keeps what it has. Folders are watched, not files: editors and mounted volumes replace files as a whole.
 */
import { type FSWatcher, watch } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, Refusal } from "../model/errors.ts";
import type { Config } from "./config.ts";
import { readIfThere } from "./environment.ts";
import { configPath, type LoadOptions, loadConfig } from "./load.ts";

/** Writers touch a file several times; this long after the last touch it is read. */
const SETTLE_MS = 100;

export interface WatchOptions extends LoadOptions {
  /** The new configuration, valid and frozen. */
  readonly onChange: (config: Config) => void;
  /** A ConfigError: the new file is wrong and the old configuration still holds. A Refusal: nothing can be watched. */
  readonly onError: (error: Error) => void;
  readonly signal: AbortSignal;
}

export interface ConfigWatch {
  /** Loads at once, changed or not (SIGHUP). */
  reload(): void;
}

/** Watches until aborted. Never throws; `fileText` is for the first load and is not used here. */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { fileText: _, ...load } = options;
  const files = [configPath(options), join(options.cwd, ".env")];
  let seen = textOf(files);
  let timer: NodeJS.Timeout | undefined;

  const reload = (): void => {
    seen = textOf(files);
    try {
      options.onChange(loadConfig(load));
    } catch (error) {
      options.onError(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => textOf(files) !== seen && reload(), SETTLE_MS).unref();
  };
  const watchers = [...new Set(files.map(dirname))].flatMap((folder) =>
    watchFolder(folder, settle, options.onError),
  );
  const stop = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  if (options.signal.aborted) stop();
  else options.signal.addEventListener("abort", stop, { once: true });
  return { reload };
}

function watchFolder(
  folder: string,
  changed: () => void,
  onError: (error: Error) => void,
): readonly FSWatcher[] {
  const failed = (error: unknown): void =>
    onError(
      new Refusal(
        `watching ${folder}: ${messageOf(error)}`,
        "Send SIGHUP after a change of the configuration.",
        { cause: error },
      ),
    );
  try {
    return [watch(folder, { persistent: false }, changed).on("error", failed)];
  } catch (error) {
    failed(error);
    return [];
  }
}

/** An unreadable file counts as an empty one here; loading it tells why. */
function textOf(files: readonly string[]): string {
  return JSON.stringify(
    files.map((file) => {
      try {
        return readIfThere(file);
      } catch {
        return null;
      }
    }),
  );
}
