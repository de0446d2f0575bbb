// Days of a calendar as `YYYY-MM-DD`. They know neither times nor zones, so that no change of the
// clocks can move them.

const DAY_MS = 24 * 60 * 60 * 1000;

function utc(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

function written(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Whether a text is a day that exists, in a year of four digits. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = utc(text);
  return !Number.isNaN(at.getTime()) && written(at) === text;
}

export function addDays(day: string, count: number): string {
  return written(new Date(utc(day).getTime() + count * DAY_MS));
}

/** The same day of another month, or its last one if the month is shorter. */
export function addMonths(day: string, count: number): string {
  const [year = 0, month = 1, of = 1] = day.split("-").map(Number);
  const first = new Date(Date.UTC(year, month - 1 + count, 1));
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(of, days));
  return written(first);
}

/** The number of days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((utc(to).getTime() - utc(from).getTime()) / DAY_MS);
}

/** The day of the week, from 1 for Monday to 7 for Sunday (ISO 8601). */
export function weekday(day: string): number {
  return utc(day).getUTCDay() || 7;
}

/** The first day of the week in which a day is; weeks begin with the weekday `first`. */
export function weekStart(day: string, first: number): string {
  return addDays(day, -((weekday(day) - first + 7) % 7));
}

export function weekOf(day: string, first: number): string[] {
  return daysFrom(weekStart(day, first), 7);
}

export function daysFrom(day: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => addDays(day, at));
}

/** All weeks that have a day of the month, each whole. */
export function monthWeeks(day: string, first: number): string[][] {
  const begin = `${day.slice(0, 8)}01`;
  const end = addMonths(begin, 1);
  const weeks: string[][] = [];
  for (let at = weekStart(begin, first); at < end; at = addDays(at, 7)) weeks.push(daysFrom(at, 7));
  return weeks;
}
