/** What `container inspect` and `container list` say, in our words. Pure. */

export interface AppleContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
}

interface Inspected {
  /** A word before version 1.0, an object since. */
  readonly status?: string | { readonly state?: string };
  readonly id?: string;
  readonly configuration?: { readonly id?: string; readonly labels?: Readonly<Record<string, string>> };
}

export function parseContainers(stdout: string): readonly AppleContainer[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stdout);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return (parsed as Inspected[]).flatMap(({ status, id: ownId, configuration }) => {
    const id = configuration?.id ?? ownId;
    if (id === undefined) return [];
    const state = typeof status === "string" ? status : (status?.state ?? "");
    return [
      { id, labels: configuration?.labels ?? {}, running: ["running", "stopping", "booted"].includes(state) },
    ];
  });
}
