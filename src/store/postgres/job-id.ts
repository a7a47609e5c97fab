/** A queued run's job is found by its place: the number, written as a UUID. Nothing needs to be kept to cancel it. */
export function jobId(place: number): string {
  const digits = place.toString(16).padStart(32, "0");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The same in SQL. */
export const JOB_ID = "lpad(to_hex(place), 32, '0')::uuid";
