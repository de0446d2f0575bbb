// Days, zones, overlap and rules of repetition: pure functions, as tables.
import { afterEach, expect, test } from "vitest";
import {
  addDays,
  addMonths,
  daysBetween,
  isDay,
  monthWeeks,
  weekday,
  weekOf,
  weekStart,
} from "../src/lib/days.ts";
import { dayHead, lengthText, weekFirst, zoneShown, zoneUse } from "../src/lib/format.ts";
import { sideBySide } from "../src/lib/overlap.ts";
import { repeatNew, repeatOf, repeatText, type Repeat } from "../src/lib/repeat.ts";
import { clockOf, minutesOf, momentOf, wallOf } from "../src/lib/zones.ts";

afterEach(() => zoneUse(null));

test.each([
  ["2026-11-30", true],
  ["2024-02-29", true],
  ["2026-02-29", false],
  ["2026-13-01", false],
  ["2026-1-1", false],
  ["20261130", false],
  ["", false],
])("%s is a day: %s", (text, is) => expect(isDay(text)).toBe(is));

test("days are counted over months, years and changes of the clocks", () => {
  expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
  expect(addDays("2026-03-29", 1)).toBe("2026-03-30");
  expect(addDays("2026-03-01", -1)).toBe("2026-02-28");
  expect(daysBetween("2026-10-01", "2026-11-01")).toBe(31);
  expect(daysBetween("2026-11-01", "2026-10-01")).toBe(-31);
});

test.each([
  ["2026-01-31", 1, "2026-02-28"],
  ["2024-01-31", 1, "2024-02-29"],
  ["2026-12-15", 1, "2027-01-15"],
  ["2026-03-31", -1, "2026-02-28"],
  ["2026-05-05", -12, "2025-05-05"],
])("%s and %i months are %s", (day, count, wanted) => expect(addMonths(day, count)).toBe(wanted));

test("weeks begin where the region begins them", () => {
  // A Monday.
  expect(weekday("2026-11-30")).toBe(1);
  expect(weekStart("2026-11-30", 1)).toBe("2026-11-30");
  expect(weekStart("2026-11-30", 7)).toBe("2026-11-29");
  expect(weekStart("2026-11-30", 6)).toBe("2026-11-28");
  expect(weekOf("2026-12-02", 1)).toHaveLength(7);
  expect(weekFirst("he-IL")).toBe(7);
  expect(weekFirst("de-DE")).toBe(1);
  expect(weekFirst("ar-EG")).toBe(6);
});

test("a month has all its days, in whole weeks", () => {
  const weeks = monthWeeks("2026-11-17", 1);
  expect(weeks[0]?.[0]).toBe("2026-10-26");
  expect(weeks.at(-1)?.[6]).toBe("2026-12-06");
  expect(weeks).toHaveLength(6);
  // Four weeks exactly.
  expect(monthWeeks("2027-02-01", 1)).toHaveLength(4);
  expect(monthWeeks("2027-02-01", 7)).toHaveLength(5);
});

test.each([
  // Summer and winter.
  ["2026-07-01", 600, "Europe/Berlin", "2026-07-01T08:00:00Z"],
  ["2026-12-01", 600, "Europe/Berlin", "2026-12-01T09:00:00Z"],
  // 02:30 is skipped on this day: it counts by the offset before.
  ["2026-03-29", 150, "Europe/Berlin", "2026-03-29T01:30:00Z"],
  // 02:30 comes twice on this day: it is the first.
  ["2026-10-25", 150, "Europe/Berlin", "2026-10-25T00:30:00Z"],
  ["2026-10-25", 180, "Europe/Berlin", "2026-10-25T02:00:00Z"],
  // Half hours, and the other side of the date line.
  ["2026-12-01", 0, "Asia/Kolkata", "2026-11-30T18:30:00Z"],
  ["2026-12-01", 60, "Pacific/Auckland", "2026-11-30T12:00:00Z"],
  ["2026-11-01", 90, "America/New_York", "2026-11-01T05:30:00Z"],
  ["2026-03-27", 150, "Asia/Jerusalem", "2026-03-27T00:30:00Z"],
  ["2026-12-01", 720, "UTC", "2026-12-01T12:00:00Z"],
])("%s, %i minutes in %s is %s", (day, minutes, zone, wanted) => {
  const ms = momentOf({ day, minutes }, zone);
  expect(new Date(ms).toISOString()).toBe(wanted.replace("Z", ".000Z"));
});

test("what the clocks show leads back to the moment, each hour of a year", () => {
  for (const zone of ["Europe/Berlin", "Asia/Jerusalem", "Australia/Lord_Howe", "UTC"])
    for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 3_600_000) {
      const wall = wallOf(ms, zone);
      const back = momentOf(wall, zone);
      // An hour that comes twice leads to its first.
      if (back !== ms) expect(wallOf(back, zone)).toEqual(wall);
      expect(back).toBeLessThanOrEqual(ms);
    }
});

test("the zone of the page is the one that was chosen", () => {
  zoneUse("Asia/Tokyo");
  expect(zoneShown()).toBe("Asia/Tokyo");
});

test("times of day are read from fields", () => {
  expect([clockOf(0), clockOf(545), clockOf(1439)]).toEqual(["00:00", "09:05", "23:59"]);
  expect(["09:05", "09:05:30", "24:00", "9:00", "", "12:60"].map(minutesOf)).toEqual([
    ...[545, 545, null, null, null, null],
  ]);
});

test("heads and lengths are written as the language does", () => {
  expect(dayHead("2026-11-30", "whole", "de-DE")).toBe("Montag, 30. November 2026");
  expect(dayHead("2026-11-30", "month", "en-GB")).toBe("November 2026");
  expect(lengthText(90, "en")).toBe("1 hr 30 min");
  expect(lengthText(0, "en")).toBe("0 min");
});

test.each([
  ["none", [], []],
  ["one alone", [[1, 2]], ["0/1"]],
  [
    "one after another",
    [
      [1, 2],
      [2, 3],
    ],
    ["0/1", "0/1"],
  ],
  [
    "two at once",
    [
      [1, 3],
      [2, 4],
    ],
    ["0/2", "1/2"],
  ],
  [
    "the longer one first",
    [
      [1, 2],
      [1, 5],
    ],
    ["1/2", "0/2"],
  ],
  [
    "a column that is free again",
    [
      [1, 5],
      [1, 2],
      [2, 3],
    ],
    ["0/2", "1/2", "1/2"],
  ],
  [
    "through others",
    [
      [1, 3],
      [2, 5],
      [4, 6],
    ],
    ["0/2", "1/2", "0/2"],
  ],
  [
    "without length",
    [
      [1, 1],
      [1, 1],
    ],
    ["0/2", "1/2"],
  ],
  [
    "two groups",
    [
      [1, 2],
      [1, 2],
      [8, 9],
    ],
    ["0/2", "1/2", "0/1"],
  ],
] as [string, [number, number][], string[]][])("overlap: %s", (_, spans, wanted) => {
  const places = sideBySide(spans.map(([start, end]) => ({ start, end })));
  expect(places.map(({ column, of }) => `${column}/${of}`)).toEqual(wanted);
});

test("nothing stands on something else, whatever overlaps", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const spans = Array.from({ length: 12 }, () => {
      const start = random(40);
      return { start, end: start + 1 + random(9) };
    });
    const places = sideBySide(spans);
    for (const [a, one] of spans.entries())
      for (const [b, other] of spans.entries()) {
        if (a >= b || one.start >= other.end || other.start >= one.end) continue;
        expect(places[a]?.column).not.toBe(places[b]?.column);
        expect(places[a]?.of).toBe(places[b]?.of);
      }
    for (const { column, of } of places) expect(column).toBeLessThan(of);
  }
});

const rule = (given: Partial<Repeat>): Repeat => ({ ...repeatNew(), ...given });
const utcDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);

test.each([
  [rule({ every: "DAILY" }), "FREQ=DAILY"],
  [rule({ interval: 2 }), "FREQ=WEEKLY;INTERVAL=2"],
  [rule({ on: ["FR", "MO"] }), "FREQ=WEEKLY;BYDAY=MO,FR"],
  [rule({ every: "MONTHLY", ends: { kind: "count", count: 3 } }), "FREQ=MONTHLY;COUNT=3"],
  [
    rule({ every: "YEARLY", ends: { kind: "until", day: "2030-01-02" } }),
    "FREQ=YEARLY;UNTIL=20300102",
  ],
])("a rule of the form is written and read: %j", (given, text) => {
  expect(repeatText(given, null)).toBe(text);
  const read = repeatOf(text, utcDay);
  expect(repeatText(read ?? repeatNew(), null)).toBe(text);
});

test("a rule ends in UTC where its entry has a time", () => {
  const given = rule({ every: "DAILY", ends: { kind: "until", day: "2026-12-03" } });
  const at = (day: string) => momentOf({ day, minutes: 1439 }, "Europe/Berlin");
  expect(repeatText(given, at)).toBe("FREQ=DAILY;UNTIL=20261203T225900Z");
  const berlin = (ms: number) => wallOf(ms, "Europe/Berlin").day;
  expect(repeatOf("FREQ=DAILY;UNTIL=20261203T225900Z", berlin)?.ends).toEqual(given.ends);
});

test.each([
  "FREQ=MONTHLY;BYDAY=2TU",
  "FREQ=SECONDLY",
  "FREQ=DAILY;BYHOUR=3",
  "FREQ=WEEKLY;BYDAY=1MO",
  "FREQ=DAILY;COUNT=0",
  "FREQ=DAILY;COUNT=1000000",
  "FREQ=DAILY;COUNT=2;UNTIL=20261203",
  "FREQ=DAILY;FREQ=DAILY",
  "FREQ=DAILY;UNTIL=99999999",
  "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
  "",
])("a rule that the form cannot show is left alone: %s", (text) =>
  expect(repeatOf(text, utcDay)).toBeNull(),
);
