/**
 * Templates, plans and personas by name: files of the admin's own folder first, then the shipped ones. Read anew each
 * time, so an edit counts from the next run on. Names come from comments, so they are checked before they are paths.
 */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import type { Source } from "./fill.ts";

const NAME = /^[A-Za-z0-9][\w-]{0,63}$/;

type Kind = "template" | "plan" | "persona";

const FILES: Readonly<Record<Kind, { readonly folder: string; readonly ending: string }>> = {
  template: { folder: "", ending: ".md" },
  plan: { folder: "plans", ending: ".yaml" },
  persona: { folder: "personas", ending: ".md" },
};

export interface Library {
  /** Refuses a name there is no file for, and lists the ones there are. */
  find(kind: Kind, name: string): Promise<Source>;
  /** Sorted. Waits for the disk, for texts that are written in one go: the folders are small. */
  names(kind: Kind): readonly string[];
}

export function createLibrary(dirs: readonly string[]): Library {
  return {
    find: async (kind, name) => {
      const { folder, ending } = FILES[kind];
      if (!NAME.test(name)) throw unknown(dirs, kind, name);
      for (const dir of dirs) {
        const file = join(dir, folder, `${name}${ending}`);
        const text = await readFile(file, "utf8").catch(ignoreMissing);
        if (text !== null) return { file, text, line: 1 };
      }
      throw unknown(dirs, kind, name);
    },
    names: (kind) => namesIn(dirs, kind),
  };
}

function unknown(dirs: readonly string[], kind: Kind, name: string): Refusal {
  const known = namesIn(dirs, kind);
  const meant = nearest(name, known);
  const fix = known.length > 0 ? `There are: ${known.join(", ")}.` : `There are no ${kind}s.`;
  return new Refusal(
    `writing the prompt: there is no ${kind} ${JSON.stringify(name)}`,
    meant ? `Did you mean ${JSON.stringify(meant)}? ${fix}` : fix,
  );
}

function namesIn(dirs: readonly string[], kind: Kind): string[] {
  const { folder, ending } = FILES[kind];
  const files = dirs.flatMap((dir) => list(join(dir, folder))).filter((file) => file.endsWith(ending));
  const names = files.map((file) => file.slice(0, -ending.length)).filter((name) => NAME.test(name));
  return [...new Set(names)].sort();
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    ignoreMissing(error as NodeJS.ErrnoException);
    return [];
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}
