// Between a moment and what a clock on the wall shows in a zone, over changes of the clocks too.
import { wallParts } from "./format.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A day, and the minutes since its midnight as a clock counts them. */
export interface Wall {
  day: string;
  minutes: number;
}

/** What the clocks of a zone show at a moment. */
export function wallOf(ms: number, zone: string): Wall {
  const { year, month, day, hour, minute } = wallParts(ms, zone);
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return { day: date, minutes: hour * 60 + minute };
}

/**
 * The moment at which the clocks of a zone show a time. Of one that comes twice it is the first; one
 * that is skipped counts by the offset before it (RFC 5545 §3.3.5).
 */
export function momentOf({ day, minutes }: Wall, zone: string): number {
  const asUtc = Date.parse(`${day}T00:00:00Z`) + minutes * MINUTE_MS;
  const before = offset(asUtc - DAY_MS, zone);
  const after = offset(asUtc + DAY_MS, zone);
  const early = asUtc - before;
  const late = asUtc - after;
  if (offset(early, zone) === before) return early;
  return offset(late, zone) === after ? late : early;
}

/** How far the clocks of a zone are ahead of UTC at a moment. */
function offset(ms: number, zone: string): number {
  const { year, month, day, hour, minute, second } = wallParts(ms, zone);
  const shown = new Date(0);
  // `Date.UTC` would take the years before 100 for those of the last century.
  shown.setUTCFullYear(year, month - 1, day);
  shown.setUTCHours(hour, minute, second);
  return shown.getTime() - Math.floor(ms / 1000) * 1000;
}

/** Minutes since midnight as `HH:MM`, the form of a field for a time. */
export function clockOf(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Minutes since midnight of `HH:MM`; `null` if that is no time. */
export function minutesOf(clock: string): number | null {
  const found = /^(\d{2}):(\d{2})(?::\d{2})?$/.exec(clock);
  const [hour, minute] = [Number(found?.[1]), Number(found?.[2])];
  return found !== null && hour < 24 && minute < 60 ? hour * 60 + minute : null;
}
