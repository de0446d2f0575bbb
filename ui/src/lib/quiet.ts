// Quiet hours, as the clock of a time zone shows them.
import { minuteOf } from "./format.ts";

/** In minutes after midnight; `until` may be on the next day. */
export interface QuietHours {
  from: number;
  until: number;
}

/** Whether a moment lies within the quiet hours. */
export function isQuiet(quiet: QuietHours | null, zone: string, at: Date): boolean {
  if (quiet === null) return false;
  const { from, until } = quiet;
  const minute = minuteOf(at, zone);
  if (from < until) return from <= minute && minute < until;
  return from !== until && (minute >= from || minute < until);
}

/** `22:30`, as a field for times has it. */
export function clockOf(minute: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** The minutes after midnight of `22:30`; null if it is no time. */
export function minuteRead(clock: string): number | null {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)/.exec(clock) ?? [];
  return hour === undefined || minute === undefined ? null : Number(hour) * 60 + Number(minute);
}
