// What is drawn of the entries: on which days each is, and where on a day it stands.
import { addDays } from "../../lib/days.ts";
import type { CalendarShape } from "../../lib/router.ts";
import { sideBySide, type Place } from "../../lib/overlap.ts";
import { wallOf } from "../../lib/zones.ts";

export const DAY_MINUTES = 24 * 60;
/** An entry without length is drawn as if it took as long, so that it can be read and pressed. */
export const DRAWN_MIN = 30;
/** Working hours, which are not shaded. */
export const WORK = { from: 9 * 60, to: 17 * 60 };
/** As many days does the agenda show. */
export const AGENDA_DAYS = 31;

/** What a drawing needs to know of an entry, or of one time of an entry that repeats. */
export interface Timed {
  /** Moments; whole days are those of UTC. */
  begins: number;
  ends: number;
  allDay: boolean;
}

/** The first and the last day of an entry in a zone. */
export function daysOf({ begins, ends, allDay }: Timed, zone: string): [string, string] {
  const at = allDay ? "UTC" : zone;
  // What ends at midnight is not there on the day that begins then.
  const last = Math.max(begins, ends - 1);
  return [wallOf(begins, at).day, wallOf(last, at).day];
}

/** The entries of each of these days, whole days first, then by their beginning. */
export function byDay<One extends Timed>(
  all: readonly One[],
  days: readonly string[],
  zone: string,
): Map<string, One[]> {
  const found = new Map<string, One[]>(days.map((day) => [day, []]));
  const sorted = [...all].sort(
    (a, b) => Number(b.allDay) - Number(a.allDay) || a.begins - b.begins || a.ends - b.ends,
  );
  for (const one of sorted) {
    const [first, last] = daysOf(one, zone);
    for (const day of days) if (first <= day && day <= last) found.get(day)?.push(one);
  }
  return found;
}

/** Whether an entry stands above the hours: it has none, or takes a day and more. */
export function isAbove({ begins, ends, allDay }: Timed): boolean {
  return allDay || ends - begins >= DAY_MINUTES * 60_000;
}

export interface Block<One> extends Place {
  one: One;
  /** Minutes since midnight, as a clock counts them. */
  from: number;
  to: number;
}

/** Where the entries of a day stand among its hours. */
export function blocksOf<One extends Timed>(
  all: readonly One[],
  day: string,
  zone: string,
): Block<One>[] {
  const spans = all
    .filter((one) => !isAbove(one))
    .map((one) => {
      const [start, end] = [wallOf(one.begins, zone), wallOf(one.ends, zone)];
      const from = start.day < day ? 0 : start.minutes;
      const to = end.day > day ? DAY_MINUTES : Math.max(from, end.minutes);
      // The last of a day has its least length before midnight.
      const shown = Math.min(from, DAY_MINUTES - DRAWN_MIN);
      return { one, from: shown, to: Math.max(to, shown + DRAWN_MIN) };
    });
  const places = sideBySide(spans.map(({ from, to }) => ({ start: from, end: to })));
  return spans.map((span, at) => ({ ...span, ...(places[at] ?? { column: 0, of: 1 }) }));
}

/** The days that a page of the calendar shows. */
export function daysShown(shape: CalendarShape, day: string, weeks: string[][]): string[] {
  if (shape === "month") return weeks.flat();
  if (shape === "week") return weeks.find((week) => week.includes(day)) ?? [day];
  const count = shape === "day" ? 1 : AGENDA_DAYS;
  return Array.from({ length: count }, (_, at) => addDays(day, at));
}
