/**
 * Templates, plans and personas by name: files of the admin's own folder first, then the shipped ones. Read anew each
 * time, so an edit counts from the next run on. Names come from comments, so they are checked before they are paths.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../model/errors.ts";
import type { Source } from "./fill.ts";
import { nearest } from "./nearest.ts";

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
}

export function createLibrary(dirs: readonly string[]): Library {
  return {
    find: async (kind, name) => {
      const { folder, ending } = FILES[kind];
      if (!NAME.test(name)) throw await unknown(dirs, kind, name);
      for (const dir of dirs) {
        const file = join(dir, folder, `${name}${ending}`);
        const text = await readFile(file, "utf8").catch(ignoreMissing);
        if (text !== null) return { file, text, line: 1 };
      }
      throw await unknown(dirs, kind, name);
    },
  };
}

async function unknown(dirs: readonly string[], kind: Kind, name: string): Promise<Refusal> {
  const known = await names(dirs, kind);
  const meant = nearest(name, known);
  const fix = known.length > 0 ? `There are: ${known.join(", ")}.` : `There are no ${kind}s.`;
  return new Refusal(
    `writing the prompt: there is no ${kind} ${JSON.stringify(name)}`,
    meant ? `Did you mean ${JSON.stringify(meant)}? ${fix}` : fix,
  );
}

async function names(dirs: readonly string[], kind: Kind): Promise<string[]> {
  const { folder, ending } = FILES[kind];
  const lists = await Promise.all(
    dirs.map(async (dir) => (await readdir(join(dir, folder)).catch(ignoreMissing)) ?? []),
  );
  const found = lists.flat().filter((file) => file.endsWith(ending));
  const bare = found.map((file) => file.slice(0, -ending.length)).filter((name) => NAME.test(name));
  return [...new Set(bare)].sort();
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}
