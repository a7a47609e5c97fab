/**
 * A `.gitmodules` that would do harm where somebody clones: addresses and paths that git once took for options, names
 * that lead out of `.git/modules`, commands to run. Git refuses them in commits it fetches; this looks at files.
 */
import { Refusal } from "../model/errors.ts";
import type { Git, GitCall } from "./git.ts";
import { refuseBigCommit } from "./limits.ts";

const KEY = /^submodule\.(.*)\.([a-z]+)$/s;
const CHECKED: Readonly<Record<string, (value: string) => boolean>> = {
  url: (url) => url.startsWith("-") || /[\p{Cc}]/u.test(url) || /^(ext|fd)::/i.test(url),
  path: (path) => path.startsWith("-") || path.split(/[/\\]/).includes(".."),
  update: (update) => update.startsWith("!"),
};

/** Looks at what `sha` has and `base` has not. */
export async function refuseBadSubmodules(git: Git, call: GitCall, base: string, sha: string): Promise<void> {
  const object = await blobOf(git, call, sha);
  if (object === null || object === (await blobOf(git, call, base))) return;
  refuseBigCommit(Number((await git(["cat-file", "-s", object], call)).text));
  const settings = await git(["config", "--blob", object, "--list", "-z"], { ...call, accept: [1, 128] });
  if (settings.code !== 0) throw bad("it can not be read");
  for (const setting of settings.stdout.toString("utf8").split("\0")) {
    const end = setting.indexOf("\n");
    const [, name = "", what = ""] = KEY.exec(end < 0 ? setting : setting.slice(0, end)) ?? [];
    const value = end < 0 ? "" : setting.slice(end + 1);
    if (name.split(/[/\\]/).includes("..")) throw bad("a submodule's name leads out of its folder");
    if (Object.hasOwn(CHECKED, what) && CHECKED[what]?.(value))
      throw bad(`a submodule's ${what} is an attack`);
  }
}

async function blobOf(git: Git, call: GitCall, sha: string): Promise<string | null> {
  const { text } = await git(["ls-tree", sha, "--", ".gitmodules"], call);
  const [, type, object] = text.split(/\s/);
  return type === "blob" && object ? object : null;
}

function bad(why: string): Refusal {
  return new Refusal(
    `collecting the work: .gitmodules is not published: ${why}`,
    "Look at it before you retry.",
  );
}
