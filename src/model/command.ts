/** What a person asked of the bot. The grammar is `command/parse.ts`. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  /** `name[:model]`; null means the configured default. */
  readonly agent: string | null;
  readonly template: string | null;
  readonly plan: string | null;
  readonly persona: string | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly branch: string | null;
  readonly tag: string | null;
  readonly timeoutMs: number | null;
  readonly dryRun: boolean;
  /** Free text; empty means "the issue itself". */
  readonly task: string;
}

export type Command =
  | DispatchCommand
  | { readonly kind: "status" }
  | { readonly kind: "cancel" }
  | { readonly kind: "retry" }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "help" };

/** Meant as a command but not one. `suggestion` is the nearest right wording. */
export interface CommandError {
  readonly kind: "error";
  readonly message: string;
  readonly suggestion: string | null;
}
