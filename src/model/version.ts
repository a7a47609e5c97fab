/** Versions as programs print them. */

/** The first thing in a text that looks like one: `codex-cli 0.169.0` has 0.169.0. */
export function versionIn(text: string): string | null {
  return /\d+(?:\.\d+)+\S*/.exec(text)?.[0] ?? null;
}

/** Below, at or above 0, as the numbers say; what follows them (`-beta.1`) does not count. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function majorOf(version: string): number {
  return numbersOf(version)[0] ?? 0;
}

function numbersOf(version: string): readonly number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}
