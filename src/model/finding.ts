/** What `doctor` found out by trying: one line for each thing tried. */

export type Area = "host" | "forge" | "agent" | "runtime";

export interface Finding {
  readonly area: Area;
  /** Whose: the forge's, agent's or runtime's name; "store", "disk" or "clock" of the host. */
  readonly subject: string;
  /** What was tried. */
  readonly check: string;
  /** `warn` is for what works but is weaker than it could be, and for what could not be tried. */
  readonly result: "pass" | "warn" | "fail";
  readonly detail: string;
  /** What to do about it; null when it passed, and when the detail says it all. */
  readonly fix: string | null;
}

/** A finding of something whose area and subject are known to whoever asked. */
export type Judged = Pick<Finding, "check" | "result" | "detail" | "fix">;

/** The shape of `doctor --json`. */
export interface Diagnosis {
  /** Of this shape; grows when something in it changes its meaning or goes. */
  readonly version: 1;
  /** Nothing failed. */
  readonly ok: boolean;
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
  readonly findings: readonly Finding[];
}

export const passes = (check: string, detail: string): Judged => ({
  check,
  result: "pass",
  detail,
  fix: null,
});

export const warns = (check: string, detail: string, fix: string | null): Judged => ({
  check,
  result: "warn",
  detail,
  fix,
});

export const fails = (check: string, detail: string, fix: string | null): Judged => ({
  check,
  result: "fail",
  detail,
  fix,
});

export function diagnosisOf(findings: readonly Finding[]): Diagnosis {
  const count = (result: Finding["result"]) => findings.filter((one) => one.result === result).length;
  const failed = count("fail");
  return { version: 1, ok: failed === 0, passed: count("pass"), warned: count("warn"), failed, findings };
}
