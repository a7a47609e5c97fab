/**
 * The end of a usage limit, out of codex's sentence: "try again at 6:03 PM." on the same day, else
 * "try again at Nov 25th, 2026 6:03 PM.". The adapter runs codex with TZ=UTC, so the wall clock is UTC's.
 */

const SENTENCE =
  /try again at (?:([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}),? )?(\d{1,2}):(\d{2})\s*(AM|PM)/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY_MS = 24 * 60 * 60 * 1000;
/** The sentence has no seconds, so a time that is only just past is not tomorrow's. */
const SLACK_MS = 5 * 60 * 1000;

/** Epoch milliseconds, or null when the sentence tells no time. `now` is epoch milliseconds. */
export function parseResetTime(message: string, now: number): number | null {
  const match = SENTENCE.exec(message);
  if (!match) return null;
  const [, month, day, year, hour, minute, half] = match;
  const hours = (Number(hour) % 12) + (half?.toUpperCase() === "PM" ? 12 : 0);
  if (month === undefined) {
    const today = new Date(now).setUTCHours(hours, Number(minute), 0, 0);
    return today < now - SLACK_MS ? today + DAY_MS : today;
  }
  const index = MONTHS.indexOf(month.toLowerCase());
  return index < 0 ? null : Date.UTC(Number(year), index, Number(day), hours, Number(minute));
}
