/** Reminders come in time, in the page and on the desktop, with simulated answers and a simulated clock. */
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/schedule.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { zoneUse } from "../src/lib/format.ts";
import * as notices from "../src/state/notices.ts";
import { schedule } from "../src/state/schedule.svelte.ts";
import { toasts } from "../src/state/toasts.svelte.ts";
import { start } from "../src/views/calendar/reminding.svelte.ts";

const MINUTE = 60_000;
const NOW = Date.parse("2026-12-03T08:00:00Z");
let stop: (() => void) | null = null;

beforeEach(async () => {
  await languageUse("en");
  zoneUse("UTC");
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  stop?.();
  stop = null;
  toasts.clear();
  zoneUse(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function occurrence(id: string, inMinutes: number, given: Partial<api.Occurrence>): api.Occurrence {
  const begins = new Date(NOW + inMinutes * MINUTE).toISOString();
  return {
    ...{ id, version: 1, title: id, placeKind: "none", place: "", start: begins.slice(0, 19) },
    ...{ startsAt: begins, endsAt: begins, allDay: false, timeZone: "UTC", durationMinutes: 0 },
    ...{ repeated: false, reminderMinutes: 15, colour: 0, category: "", calendar: "" },
    ...{ reference: null, mine: true, state: "own", answer: null, ...given },
  };
}

async function begin(items: api.Occurrence[]) {
  const read = vi.spyOn(api, "occurrences").mockResolvedValue({ items, more: false });
  const desktop = vi.spyOn(notices, "noticeOf").mockResolvedValue();
  stop = start();
  flushSync();
  await vi.advanceTimersByTimeAsync(1);
  return { read, desktop };
}

const said = () => toasts.items.map((one) => one.text);
const reminds = (title: string) => en.calendar.reminds(`\u2068${title}\u2069`);

test("each reminder comes once, when it is due, and the desktop learns no title", async () => {
  const items = [
    occurrence("Review", 20, {}),
    occurrence("Lunch", 180, { reminderMinutes: 60 }),
    occurrence("No reminder", 10, { reminderMinutes: null }),
    occurrence("Cancelled", 16, { state: "cancelled", reference: "1" }),
    occurrence("Declined", 16, { state: "tentative", mine: false, answer: "declined" }),
  ];
  const { desktop } = await begin(items);
  expect(said()).toEqual([]);
  await vi.advanceTimersByTimeAsync(5 * MINUTE);
  expect(said()).toEqual([reminds("Review")]);
  expect(toasts.items[0]?.detail).toContain("8:20");
  expect(desktop.mock.calls).toEqual([[en.calendar.remindsNotice]]);
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  // It was shown for ten minutes.
  expect(said()).toEqual([]);
  await vi.advanceTimersByTimeAsync(105 * MINUTE);
  expect(said()).toEqual([reminds("Lunch")]);
  expect(desktop).toHaveBeenCalledTimes(2);
});

test("what was due a moment before the page was there is said, and what was due long ago is not", async () => {
  await begin([occurrence("Soon", 6, {}), occurrence("Long ago", -5, { reminderMinutes: 30 })]);
  expect(said()).toEqual([reminds("Soon")]);
});

test("a change is read again, and nothing is said twice", async () => {
  const { read, desktop } = await begin([occurrence("Review", 15, {})]);
  expect(said()).toEqual([reminds("Review")]);
  const items = [occurrence("Review", 15, {}), occurrence("Added", 20, {})];
  read.mockResolvedValue({ items, more: false });
  schedule.changed();
  flushSync();
  await vi.advanceTimersByTimeAsync(2_001);
  expect(read).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(5 * MINUTE);
  expect(said()).toContain(reminds("Added"));
  expect(desktop).toHaveBeenCalledTimes(2);
  stop?.();
  await vi.advanceTimersByTimeAsync(120 * MINUTE);
  expect(read).toHaveBeenCalledTimes(2);
});
