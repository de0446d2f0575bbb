// Formats times, sizes and names for people. Pure except for the time zone, which is global to the
// page: the one that the user chose, or else the browser's.

let zone: string | undefined;

/**
 * Sets the zone for times; null, or one that the browser does not know, means the browser's own.
 */
export function zoneUse(name: string | null): void {
  zone = name !== null && zoneKnown(name) ? name : undefined;
}

export function zoneKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * Dates are written as in the user's region: the browser knows it if the page is in one of its
 * languages. English without a region is written with the day first and 24 hours, which nobody
 * misreads. The calendar and the digits are those of everything else here: mail is dated in the
 * Gregorian calendar, and a region may have another one.
 */
function regional(language: string): string {
  if (language.includes("-")) return language;
  const same = navigator.languages.find(
    (one) => one.split("-")[0] === language && one !== language,
  );
  return same ?? (language === "en" ? "en-GB" : language);
}

function dateFormat(language: string, options: Intl.DateTimeFormatOptions) {
  const common = { calendar: "gregory", numberingSystem: "latn" };
  const chosen = { ...common, ...(zone && { timeZone: zone }), ...options };
  return new Intl.DateTimeFormat(regional(language), chosen);
}

/** The name of the zone in which times are shown. */
export function zoneShown(): string {
  return zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The zones that a user can choose from, as far as the browser names them. */
export function zonesKnown(): string[] {
  return Intl.supportedValuesOf("timeZone");
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clocks and calendars of a zone show at a moment. */
export function wallParts(at: number, timeZone: string) {
  // To make one takes longer than to use it a hundred times.
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", {
      ...{ timeZone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23" },
      ...{ year: "numeric", month: "numeric", day: "numeric" },
      ...{ hour: "numeric", minute: "numeric", second: "numeric" },
    });
  clocks.set(timeZone, clock);
  const parts = clock.formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return {
    ...{ year: of("year"), month: of("month"), day: of("day") },
    ...{ hour: of("hour"), minute: of("minute"), second: of("second") },
  };
}

/** The minutes after midnight that the clock of a zone shows; of this computer, if it knows no such zone. */
export function minuteOf(at: Date, zone: string): number {
  try {
    const { hour, minute } = wallParts(at.getTime(), zone);
    return hour * 60 + minute;
  } catch {
    return at.getHours() * 60 + at.getMinutes();
  }
}

interface WeekInfo {
  firstDay: number;
  weekend: number[];
}

/** The week of the user's region; days count from 1 for Monday to 7 for Sunday. */
function weekInfo(language: string): WeekInfo {
  const locale = new Intl.Locale(regional(language)) as Intl.Locale & {
    getWeekInfo?: () => WeekInfo;
    weekInfo?: WeekInfo;
  };
  // Browsers have had it as a property, as a method, or not at all.
  const known = locale.getWeekInfo?.() ?? locale.weekInfo;
  if (known !== undefined) return known;
  const weekend = ["he", "ar"].includes(locale.language) ? [5, 6] : [6, 7];
  return { firstDay: { he: 7, ar: 6 }[locale.language] ?? 1, weekend };
}

export const weekFirst = (language: string): number => weekInfo(language).firstDay;
export const weekendOf = (language: string): number[] => weekInfo(language).weekend;

const DAY_FORMS = {
  month: { month: "long", year: "numeric" },
  weekday: { weekday: "short" },
  weekdayLong: { weekday: "long" },
  number: { day: "numeric" },
  head: { weekday: "short", day: "numeric", month: "short" },
  whole: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
} as const;

/** Formats a day of a calendar, `YYYY-MM-DD`, as a head of a column or a page. */
export function dayHead(day: string, form: keyof typeof DAY_FORMS, language: string): string {
  return dateFormat(language, { ...DAY_FORMS[form], timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

/** Formats a time of day that no day has, such as the hours beside a calendar. */
export function hourText(minutes: number, language: string): string {
  return dateFormat(language, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format(
    new Date(minutes * 60_000),
  );
}

/** Formats a moment in another zone than that of the page, with the zone's name. */
export function timeIn(at: number, timeZone: string, language: string): string {
  return dateFormat(language, {
    ...{ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
    ...{ timeZone, timeZoneName: "short" },
  }).format(at);
}

/** Formats how long something takes. */
export function lengthText(minutes: number, language: string): string {
  const hours = Math.floor(minutes / 60);
  const left = minutes % 60;
  const part = (value: number, unit: "hour" | "minute") =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
  const parts = [
    ...(hours > 0 ? [part(hours, "hour")] : []),
    ...(left > 0 || hours === 0 ? [part(left, "minute")] : []),
  ];
  return parts.join(" ");
}

/** Whether times are shown in another zone than that of the user's computer. */
function isElsewhere(): boolean {
  return zone !== undefined && zone !== new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Formats a size so that it can be read at a glance. */
export function sizeText(octets: number, language: string, bytesWord: string): string {
  const units = ["kilobyte", "megabyte", "gigabyte"] as const;
  if (octets < 1000) return `${octets} ${bytesWord}`;
  let value = octets / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  // Some languages have their own names for the units: Mo in French.
  return new Intl.NumberFormat(language, {
    ...{ style: "unit", unit: units[unit] ?? "gigabyte", unitDisplay: "short" },
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

/**
 * Formats a time for rows, short and relative: "5 min ago", "14:02", "Tue", "3 Nov", "3/11/2025".
 */
export function timeShort(time: string, now: Date, language: string, nowWord: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "";
  const minutes = Math.floor((now.getTime() - at.getTime()) / 60_000);
  const show = (options: Intl.DateTimeFormatOptions) => dateFormat(language, options).format(at);
  if (minutes < 1 && minutes > -5) return nowWord;
  if (minutes > 0 && minutes < 60)
    return new Intl.RelativeTimeFormat(language, { style: "narrow" }).format(-minutes, "minute");
  const days = dayNumber(now) - dayNumber(at);
  if (days === 0) return show({ hour: "2-digit", minute: "2-digit" });
  if (days > 0 && days < 7) return show({ weekday: "short" });
  if (calendar(at).year === calendar(now).year) return show({ day: "numeric", month: "short" });
  return show({ day: "numeric", month: "numeric", year: "numeric" });
}

/** Formats the time of day. */
export function timeOfDay(time: string, language: string): string {
  return dateFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(time));
}

/** Formats a time in full; with the zone, if it is not the one of the user's computer. */
export function timeFull(time: string, language: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return dateFormat(language, {
    ...{ weekday: "short", day: "numeric", month: "short", year: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit" },
    ...(isElsewhere() && { timeZoneName: "short" }),
  }).format(at);
}

/** A day, or a time on a day, in the zone that its author chose. */
export interface Moment {
  date: string;
  time?: string | null;
  zone?: string | null;
}

/** Formats a moment: one in UTC in the reader's zone, any other as it is written, with its zone. */
export function momentText({ date, time, zone }: Moment, language: string): string {
  const at = new Date(`${date}T${time ?? "00:00"}:00Z`);
  if (Number.isNaN(at.getTime())) return date;
  if (time && zone === "UTC") return timeFull(at.toISOString(), language);
  const written = dateFormat(language, {
    ...{ weekday: "short", day: "numeric", month: "short", year: "numeric" },
    ...(time && { hour: "2-digit", minute: "2-digit" }),
    timeZone: "UTC",
  }).format(at);
  return zone ? `${written} (${zone})` : written;
}

/** Formats a day of a calendar: `YYYY-MM-DD`, or `--MM-DD` without a year. */
export function dayText(day: string, language: string): string {
  // A year that has every day stands for one that is not known.
  const at = new Date(`${day.replace(/^--/, "2000-")}T00:00:00Z`);
  if (Number.isNaN(at.getTime())) return day;
  return dateFormat(language, {
    ...{ day: "numeric", month: "long", timeZone: "UTC" },
    ...(!day.startsWith("--") && { year: "numeric" }),
  }).format(at);
}

/** Formats a wait in seconds or minutes, rounded up. */
export function waitText(seconds: number, language: string): string {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(
    Math.max(1, value),
  );
}

/** Joins names as the language does. */
export function listText(items: string[], language: string): string {
  return new Intl.ListFormat(language, { style: "short", type: "unit" }).format(items);
}

/** Splits "G7K2M4…" into groups of four, as it is read aloud. A dashed number stays as it is. */
export function referenceText(reference: string): string {
  if (reference.includes("-")) return reference;
  return reference.match(/.{1,4}/g)?.join("-") ?? reference;
}

/** Makes "Chrome · Linux" of a User-Agent; returns the raw text if the browser is unknown. */
export function agentText(agent: string): string {
  const browser = [
    ["Edg/", "Edge"],
    ["OPR/", "Opera"],
    ["Firefox/", "Firefox"],
    ["Chrome/", "Chrome"],
    ["Safari/", "Safari"],
  ].find(([mark]) => agent.includes(mark ?? ""))?.[1];
  const system = [
    ["Android", "Android"],
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Windows", "Windows"],
    ["Mac OS X", "macOS"],
    ["Linux", "Linux"],
  ].find(([mark]) => agent.includes(mark ?? ""))?.[1];
  if (browser === undefined) return agent;
  return system === undefined ? browser : `${browser} · ${system}`;
}

export function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const initials = words.length > 1 ? [words[0], words[1]] : [words[0]];
  return initials
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

/** Returns one of twelve hues, always the same for the same text. */
export function hueOf(text: string): number {
  let sum = 0;
  for (const character of text.toLowerCase())
    sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return (sum % 12) * 30;
}

/** Returns the number of days since a fixed day, counted in midnights of the zone. */
function dayNumber(date: Date): number {
  const { year, month, day } = calendar(date);
  return Math.round(Date.UTC(year, month - 1, day) / (24 * 60 * 60 * 1000));
}

function calendar(date: Date): { year: number; month: number; day: number } {
  if (zone === undefined)
    return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() };
  const parts = dateFormat("en-GB", {
    year: "numeric",
    month: "numeric",
    day: "numeric",
  }).formatToParts(date);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return { year: of("year"), month: of("month"), day: of("day") };
}
