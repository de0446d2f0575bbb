// When an entry is, as a form asks for it: by the clock of a zone, or whole days without one.
import { addDays, daysBetween, isDay } from "../../lib/days.ts";
import { clockOf, minutesOf, momentOf, wallOf } from "../../lib/zones.ts";

const MINUTE_MS = 60_000;

export interface When {
  allDay: boolean;
  day: string;
  clock: string;
  /** The last day of whole days, which is one of them. */
  endDay: string;
  endClock: string;
  zone: string;
}

/** A beginning and an end as moments; whole days are those of UTC, and end at a midnight. */
export interface Times {
  start: number;
  end: number;
}

export function whenOf({ start, end }: Times, allDay: boolean, zone: string): When {
  const [from, to] = [wallOf(start, allDay ? "UTC" : zone), wallOf(end, allDay ? "UTC" : zone)];
  const last = to.minutes === 0 && to.day > from.day ? addDays(to.day, -1) : to.day;
  return {
    ...{ allDay, zone, day: from.day, endDay: allDay ? last : to.day },
    clock: clockOf(allDay ? 9 * 60 : from.minutes),
    endClock: clockOf(allDay ? 10 * 60 : to.minutes),
  };
}

/** The moments that a form says; `null` if it says none, or an end before the beginning. */
export function timesOf({ allDay, day, clock, endDay, endClock, zone }: When): Times | null {
  if (!isDay(day) || !isDay(endDay)) return null;
  if (allDay) {
    const start = momentOf({ day, minutes: 0 }, "UTC");
    const end = momentOf({ day: addDays(endDay, 1), minutes: 0 }, "UTC");
    return end > start ? { start, end } : null;
  }
  const [from, to] = [minutesOf(clock), minutesOf(endClock)];
  if (from === null || to === null) return null;
  const start = momentOf({ day, minutes: from }, zone);
  const end = momentOf({ day: endDay, minutes: to }, zone);
  return end >= start ? { start, end } : null;
}

/** What the contract calls a beginning and a length: by the clocks of the zone, and in minutes. */
export function sentOf(when: When): {
  start: string;
  durationMinutes: number;
  allDay: boolean;
  timeZone: string;
} {
  const { allDay, day, clock, zone } = when;
  const start = `${day}T${allDay ? "00:00" : clock}:00`;
  return { start, durationMinutes: lengthOf(when), allDay, timeZone: zone };
}

/** The form with another beginning: the length stays what it was. */
export function shifted(when: When, change: Partial<Pick<When, "day" | "clock">>): When {
  const before = timesOf(when);
  const moved = { ...when, ...change };
  if (before === null || !isDay(moved.day)) return moved;
  if (when.allDay)
    return { ...moved, endDay: addDays(moved.day, daysBetween(when.day, when.endDay)) };
  return lasting(moved, (before.end - before.start) / MINUTE_MS);
}

/** The form with another length in minutes. */
export function lasting(when: When, minutes: number): When {
  const from = minutesOf(when.clock);
  if (from === null || !isDay(when.day)) return when;
  const start = momentOf({ day: when.day, minutes: from }, when.zone);
  const end = wallOf(start + minutes * MINUTE_MS, when.zone);
  return { ...when, endDay: end.day, endClock: clockOf(end.minutes) };
}

/** The length in minutes; 0 where there is none. */
export function lengthOf(when: When): number {
  const times = timesOf(when);
  return times === null ? 0 : Math.round((times.end - times.start) / MINUTE_MS);
}

/** The form for a time as the contract writes it. */
export function whenRead(
  start: string,
  durationMinutes: number,
  allDay: boolean,
  zone: string,
): When {
  const [day = "", clock = ""] = start.slice(0, 16).split("T");
  const begun = { allDay, day, clock: allDay ? "09:00" : clock, zone, endClock: "10:00" };
  if (!allDay) return lasting({ ...begun, endDay: day }, durationMinutes);
  return { ...begun, endDay: addDays(day, Math.max(1, Math.round(durationMinutes / 1_440)) - 1) };
}

/** The next full hour, for an hour, on a day; on a day that is not today it is nine. */
export function freshTimes(day: string, now: number, zone: string): Times {
  const here = wallOf(now, zone);
  const next = Math.min(23 * 60, (Math.floor(here.minutes / 60) + 1) * 60);
  const start = momentOf({ day, minutes: here.day === day ? next : 9 * 60 }, zone);
  return { start, end: start + 60 * MINUTE_MS };
}
