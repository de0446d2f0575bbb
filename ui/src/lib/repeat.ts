// How an entry repeats: between the form, which knows the plain cases, and the text of RFC 5545
// §3.3.10. A rule that the form cannot show is kept as it is.

export const EVERY = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] as const;
export type Every = (typeof EVERY)[number];

/** Monday first, as in ISO 8601. */
export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** As many at most; the server expands no more either. */
export const COUNT_MAX = 1_000;
export const INTERVAL_MAX = 99;

export interface Repeat {
  every: Every;
  interval: number;
  /** For weeks: on these days; none means the day of the start. */
  on: Weekday[];
  ends: { kind: "never" } | { kind: "count"; count: number } | { kind: "until"; day: string };
}

export function repeatNew(): Repeat {
  return { every: "WEEKLY", interval: 1, on: [], ends: { kind: "never" } };
}

/**
 * The rule as text. `untilAt` is the last moment in UTC for a rule that ends on a day, if its entry
 * has a time: UNTIL is of the same kind as DTSTART, and in UTC if that has a zone (§3.3.10).
 */
export function repeatText(repeat: Repeat, untilAt: ((day: string) => number) | null): string {
  const parts = [`FREQ=${repeat.every}`];
  if (repeat.interval > 1) parts.push(`INTERVAL=${repeat.interval}`);
  if (repeat.every === "WEEKLY" && repeat.on.length > 0)
    parts.push(`BYDAY=${WEEKDAYS.filter((day) => repeat.on.includes(day)).join(",")}`);
  const { ends } = repeat;
  if (ends.kind === "count") parts.push(`COUNT=${ends.count}`);
  if (ends.kind === "until") parts.push(`UNTIL=${untilText(ends.day, untilAt)}`);
  return parts.join(";");
}

function untilText(day: string, untilAt: ((day: string) => number) | null): string {
  if (untilAt === null) return day.replaceAll("-", "");
  const iso = new Date(untilAt(day)).toISOString();
  return `${iso.slice(0, 19).replace(/[-:]/g, "")}Z`;
}

/** The rule for the form; `null` if it says more than the form can show. `dayOf` names a moment's day. */
export function repeatOf(text: string, dayOf: (ms: number) => string): Repeat | null {
  const repeat = repeatNew();
  const seen = new Set<string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, "")
    .toUpperCase()
    .split(";")) {
    const [name = "", value = ""] = part.split("=");
    if (seen.has(name) || !take(repeat, name, value, dayOf)) return null;
    seen.add(name);
  }
  const isPlain = repeat.every === "WEEKLY" || !seen.has("BYDAY");
  const endsOnce = !(seen.has("COUNT") && seen.has("UNTIL"));
  return seen.has("FREQ") && isPlain && endsOnce ? repeat : null;
}

function take(repeat: Repeat, name: string, value: string, dayOf: (ms: number) => string): boolean {
  if (name === "FREQ") {
    const every = EVERY.find((one) => one === value);
    repeat.every = every ?? repeat.every;
    return every !== undefined;
  }
  if (name === "INTERVAL") {
    repeat.interval = whole(value, INTERVAL_MAX);
    return repeat.interval > 0;
  }
  if (name === "COUNT") {
    const count = whole(value, COUNT_MAX);
    repeat.ends = { kind: "count", count };
    return count > 0;
  }
  if (name === "BYDAY") {
    const days = value.split(",");
    repeat.on = WEEKDAYS.filter((day) => days.includes(day));
    return repeat.on.length === days.length;
  }
  if (name === "UNTIL") {
    const found = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(value);
    if (found === null) return false;
    const [, year, month, day, hour, minute, second, z] = found;
    const date = `${year}-${month}-${day}`;
    const at = Date.parse(`${date}T${hour ?? "00"}:${minute ?? "00"}:${second ?? "00"}Z`);
    if (Number.isNaN(at)) return false;
    repeat.ends = { kind: "until", day: z === "Z" ? dayOf(at) : date };
    return true;
  }
  // The week's beginning matters only to rules that the form cannot show.
  return name === "WKST" && repeat.interval === 1;
}

/** A whole number from 1 to `most`; 0 if it is none. */
function whole(value: string, most: number): number {
  const n = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  return n <= most ? n : 0;
}
