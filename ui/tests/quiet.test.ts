/** P-66: quiet hours on the page, as the clock of the person's zone shows them. */
import { expect, test } from "vitest";
import { clockOf, isQuiet, minuteRead } from "../src/lib/quiet.ts";

const night = { from: 22 * 60, until: 7 * 60 };

test.each([
  ["UTC", night, "2026-11-23T21:59:59Z", false],
  ["UTC", night, "2026-11-23T22:00:00Z", true],
  ["UTC", night, "2026-11-24T00:00:00Z", true],
  ["UTC", night, "2026-11-24T06:59:59Z", true],
  ["UTC", night, "2026-11-24T07:00:00Z", false],
  ["UTC", { from: 720, until: 780 }, "2026-11-24T12:30:00Z", true],
  ["UTC", { from: 720, until: 780 }, "2026-11-24T13:00:00Z", false],
  ["UTC", { from: 720, until: 720 }, "2026-11-24T12:00:00Z", false],
  ["UTC", null, "2026-11-24T00:00:00Z", false],
  // The zone counts, with its daylight saving time: 21:30 UTC is 22:30 in winter and 23:30 in summer.
  ["Europe/Berlin", night, "2026-11-23T21:30:00Z", true],
  ["Europe/Berlin", night, "2026-07-23T20:30:00Z", true],
  ["Europe/Berlin", night, "2026-11-23T20:30:00Z", false],
  // The clock goes forward on 29 March 2026, and back on 25 October.
  ["Europe/Berlin", night, "2026-03-29T05:00:00Z", false],
  ["Europe/Berlin", night, "2026-10-25T05:30:00Z", true],
  ["Asia/Kolkata", night, "2026-11-24T01:29:00Z", true],
  ["Asia/Kolkata", night, "2026-11-24T01:30:00Z", false],
])("%s %o %s", (zone, quiet, at, expected) => {
  expect(isQuiet(quiet, zone, new Date(at))).toBe(expected);
});

test("a time of the day is written and read as the field has it", () => {
  for (let minute = 0; minute < 1_440; minute += 1) {
    expect(minuteRead(clockOf(minute))).toBe(minute);
  }
  expect(clockOf(1_350)).toBe("22:30");
  for (const wrong of ["", "24:00", "7:00", "aa:bb", "12:60"]) expect(minuteRead(wrong)).toBeNull();
});
