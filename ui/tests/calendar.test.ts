/** P-74 to P-79: the calendar and requests for meetings as pages show them, with simulated answers. */
import { flushSync, mount, unmount, type Component } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/schedule.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import en from "../src/i18n/en.ts";
import { zoneUse } from "../src/lib/format.ts";
import { keysStart } from "../src/state/keys.svelte.ts";
import { schedule } from "../src/state/schedule.svelte.ts";
import { blocksOf, byDay, daysOf, daysShown, isAbove } from "../src/views/calendar/model.ts";
import { shownOf, timedOf, whenText, zoneText } from "../src/views/calendar/names.ts";
import {
  freshTimes,
  lasting,
  lengthOf,
  sentOf,
  shifted,
  timesOf,
  whenOf,
  whenRead,
} from "../src/views/calendar/when.ts";
import Calendar from "../src/views/calendar/Calendar.svelte";
import EntryForm from "../src/views/calendar/EntryForm.svelte";
import EntrySheet from "../src/views/calendar/EntrySheet.svelte";
import MeetingCard from "../src/views/calendar/MeetingCard.svelte";
import Month from "../src/views/calendar/Month.svelte";

const REFERENCE = "G7K2M4";
const words = en.calendar;
let page: Record<string, unknown> | null = null;

beforeEach(async () => {
  await languageUse("en");
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  zoneUse("Europe/Berlin");
});
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  zoneUse(null);
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

function show<Props extends Record<string, unknown>>(view: Component<Props>, props: Props): void {
  page = mount(view, { target: document.body, props });
  flushSync();
}

const by = (testid: string) => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
const all = (testid: string) => [
  ...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`),
];
function enter(testid: string, value: string, event = "input"): void {
  const field = by(testid) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event(event, { bubbles: true }));
  flushSync();
}
function submit(): void {
  const event = new Event("submit", { bubbles: true, cancelable: true });
  document.querySelector("form")?.dispatchEvent(event);
}

const own = { reminderMinutes: null, colour: 0, category: "", calendar: "" };
const asked: api.Asked = {
  ...{ title: "Plans", placeKind: "office", place: "Room 4", text: "Bring ideas" },
  ...{ start: "2026-12-03T10:00:00", durationMinutes: 60, allDay: false },
  timeZone: "Europe/Berlin",
};
const moments = { startsAt: "2026-12-03T09:00:00Z", endsAt: "2026-12-03T10:00:00Z" };

function occurrence(given: Partial<api.Occurrence> = {}): api.Occurrence {
  return {
    ...{ id: "e", version: 1, ...asked, ...moments, ...own, repeated: false },
    ...{ reference: null, mine: true, state: "own", answer: null, answerCount: 0 },
    ...given,
  };
}

const person = (given: Partial<api.MeetingPerson> = {}): api.MeetingPerson => ({
  ...{ name: "Noa", address: "noa@example.org", required: true, state: "waiting" },
  ...{ proposedStart: null, proposedDurationMinutes: null, comment: "", answeredAt: null },
  ...given,
});

const meeting = (given: Partial<api.Meeting> = {}): api.Meeting => ({
  ...{ reference: REFERENCE, sequence: 0, state: "tentative", mine: false },
  ...{ requesterName: "Dana", requesterAddress: "dana@example.org", rule: { kind: "all" } },
  ...{ invitees: [person()], answer: "waiting", answerCount: 0 },
  ...given,
});

const card = (given: Partial<api.Meeting> = {}): api.MeetingCard => ({
  ...{ about: { ...asked, ...moments }, entry: null },
  meeting: meeting(given),
});

const entry = (given: Partial<api.Entry> = {}): api.Entry => ({
  ...{ id: "e", version: 3, ...asked, ...moments, ...own, repeat: null, exceptions: [] },
  meeting: null,
  ...given,
});

const timed = (begins: string, ends: string, allDay = false) => ({
  ...{ begins: Date.parse(begins), ends: Date.parse(ends), allDay },
});

test.each([
  ["2026-12-03T09:00:00Z", "2026-12-03T10:00:00Z", false, "2026-12-03", "2026-12-03"],
  // Until midnight is not the day after.
  ["2026-12-03T09:00:00Z", "2026-12-03T23:00:00Z", false, "2026-12-03", "2026-12-03"],
  // In Berlin this is after midnight.
  ["2026-12-03T23:30:00Z", "2026-12-04T00:30:00Z", false, "2026-12-04", "2026-12-04"],
  ["2026-12-03T20:00:00Z", "2026-12-05T08:00:00Z", false, "2026-12-03", "2026-12-05"],
  ["2026-12-03T00:00:00Z", "2026-12-05T00:00:00Z", true, "2026-12-03", "2026-12-04"],
  ["2026-12-03T09:00:00Z", "2026-12-03T09:00:00Z", false, "2026-12-03", "2026-12-03"],
] as const)("from %s to %s (all day: %s) is on %s to %s", (begins, ends, allDay, from, to) => {
  expect(daysOf(timed(begins, ends, allDay), "Europe/Berlin")).toEqual([from, to]);
});

test("each day has what is on it, whole days first", () => {
  const late = timed("2026-12-03T20:00:00Z", "2026-12-05T08:00:00Z");
  const early = timed("2026-12-03T07:00:00Z", "2026-12-03T08:00:00Z");
  const whole = timed("2026-12-03T00:00:00Z", "2026-12-04T00:00:00Z", true);
  const found = byDay([late, early, whole], ["2026-12-03", "2026-12-04"], "Europe/Berlin");
  expect(found.get("2026-12-03")).toEqual([whole, early, late]);
  expect(found.get("2026-12-04")).toEqual([late]);
  expect([isAbove(late), isAbove(early), isAbove(whole)]).toEqual([true, false, true]);
});

test("what goes over midnight is drawn on both days", () => {
  const one = timed("2026-12-03T22:00:00Z", "2026-12-04T01:00:00Z");
  const place = (day: string) =>
    blocksOf([one], day, "Europe/Berlin").map(({ from, to }) => [from, to]);
  expect(place("2026-12-03")).toEqual([[1380, 1440]]);
  expect(place("2026-12-04")).toEqual([[0, 120]]);
  // The last minute of a day has room too.
  const last = timed("2026-12-03T22:59:00Z", "2026-12-03T22:59:00Z");
  expect(blocksOf([last], "2026-12-03", "Europe/Berlin")[0]).toMatchObject({
    from: 1410,
    to: 1440,
  });
});

test("each view shows its days", () => {
  expect(daysShown("day", "2026-12-03", [])).toEqual(["2026-12-03"]);
  expect(daysShown("agenda", "2026-12-03", [])).toHaveLength(31);
  expect(daysShown("week", "2026-12-03", [["2026-12-02", "2026-12-03"]])).toHaveLength(2);
});

test("a form says the same time that it was given, over a change of the clocks", () => {
  const times = { start: Date.UTC(2026, 9, 25, 0, 30), end: Date.UTC(2026, 9, 25, 3) };
  const when = whenOf(times, false, "Europe/Berlin");
  expect(when).toMatchObject({ day: "2026-10-25", clock: "02:30", endClock: "04:00" });
  expect(timesOf(when)).toEqual(times);
  // Two and a half hours pass, though the clocks show one and a half.
  expect(lengthOf(when)).toBe(150);
  expect(sentOf(when)).toEqual({
    ...{ start: "2026-10-25T02:30:00", durationMinutes: 150, allDay: false },
    timeZone: "Europe/Berlin",
  });
  expect(whenRead("2026-10-25T02:30:00", 150, false, "Europe/Berlin")).toEqual(when);
});

test("another beginning keeps the length", () => {
  const when = whenRead("2026-12-03T23:30:00", 60, false, "UTC");
  expect(when).toMatchObject({ endDay: "2026-12-04", endClock: "00:30" });
  const moved = shifted(when, { clock: "10:00" });
  expect(moved).toMatchObject({ endDay: "2026-12-03", endClock: "11:00" });
  expect(lasting(moved, 90).endClock).toBe("11:30");
  const days = whenRead("2026-12-03T00:00:00", 2_880, true, "UTC");
  expect(days.endDay).toBe("2026-12-04");
  expect(shifted(days, { day: "2026-12-31" }).endDay).toBe("2027-01-01");
  expect(sentOf(days)).toMatchObject({ start: "2026-12-03T00:00:00", durationMinutes: 2_880 });
});

test("a form without a day, or with an end before its beginning, says no time", () => {
  const when = whenRead("2026-12-03T10:00:00", 60, false, "UTC");
  expect(timesOf({ ...when, day: "" })).toBeNull();
  expect(timesOf({ ...when, clock: "" })).toBeNull();
  expect(timesOf({ ...when, endClock: "09:00" })).toBeNull();
  expect(timesOf({ ...when, allDay: true, endDay: "2026-12-02" })).toBeNull();
});

test("a new entry begins at the next full hour, or at nine", () => {
  const now = Date.parse("2026-12-03T09:20:00Z");
  const at = (day: string) => new Date(freshTimes(day, now, "UTC").start).toISOString();
  expect(at("2026-12-03")).toBe("2026-12-03T10:00:00.000Z");
  expect(at("2026-12-04")).toBe("2026-12-04T09:00:00.000Z");
});

test("whole days are the days of their author, in every zone", () => {
  const given = { ...asked, allDay: true, durationMinutes: 1_440, ...moments };
  zoneUse("Pacific/Auckland");
  expect(daysOf(timedOf(given), "Pacific/Auckland")).toEqual(["2026-12-03", "2026-12-03"]);
  expect(whenText(timedOf(given), words, "en-GB")).toBe("Thu 3 Dec, All day");
});

test("a time is in the zone of the page, and the other zone is named", () => {
  const at = timedOf({ ...asked, ...moments });
  expect(whenText(at, words, "en-GB")).toBe("Thu 3 Dec, 10:00 – 11:00");
  expect(zoneText(at, "Europe/Berlin", words, "en-GB")).toBe("");
  expect(zoneText(at, "America/New_York", words, "en-GB")).toContain("04:00");
});

test.each([
  [{ state: "own" }, "actual"],
  [{ state: "tentative" }, "tentative"],
  [{ state: "actual" }, "actual"],
  [{ state: "declined" }, "declined"],
  [{ state: "cancelled", mine: false, answer: "accepted" }, "cancelled"],
  [{ state: "tentative", mine: false, answer: "accepted" }, "tentative"],
  [{ state: "actual", mine: false, answer: "accepted" }, "actual"],
  [{ state: "actual", mine: false, answer: "tentative" }, "tentative"],
  [{ state: "actual", mine: false, answer: "waiting" }, "tentative"],
  [{ state: "actual", mine: false, answer: "declined" }, "declined"],
] as [Partial<api.Occurrence>, string][])("%j is drawn as %s", (given, state) =>
  expect(shownOf(occurrence(given)).state).toBe(state),
);

test("P-75: what is not certain is said in a word, not by its shape alone", () => {
  const one = shownOf(occurrence({ state: "tentative", reference: REFERENCE }));
  const found = new Map([["2026-12-03", [one]]]);
  const nothing = () => undefined;
  show(Month, {
    ...{ weeks: [["2026-12-02", "2026-12-03"]], day: "2026-12-03", today: "2026-12-02", found },
    ...{ onopen: nothing, onmove: nothing, onday: nothing, oncreate: nothing },
  });
  expect(by("entry-state")?.textContent).toBe(words.states.tentative);
  // The name of a button begins with what is seen, and says when it is.
  expect(by("entry")?.hasAttribute("aria-label")).toBe(false);
  expect(by("entry")?.textContent).toContain("10:00 – 11:00");
  expect(by("entry")?.classList).toContain("tentative");
  const days = all("day");
  expect(days.map((day) => day.tabIndex)).toEqual([-1, 0]);
  expect(days[0]?.getAttribute("aria-current")).toBe("date");
});

test("in a month days are chosen by the mouse, by dragging over them, and by Enter", () => {
  const oncreate = vi.fn();
  const onday = vi.fn();
  const week = ["2026-12-01", "2026-12-02", "2026-12-03"];
  const nothing = () => undefined;
  show(Month, {
    ...{ weeks: [week], day: "2026-12-01", today: "2026-12-01", found: new Map() },
    ...{ onopen: nothing, onmove: nothing, onday, oncreate },
  });
  const [, second, third] = all("day");
  const pointer = (type: string) =>
    new PointerEvent(type, { bubbles: true, button: 0, pointerType: "mouse" });
  third?.dispatchEvent(pointer("pointerdown"));
  flushSync();
  second?.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" }));
  flushSync();
  window.dispatchEvent(pointer("pointerup"));
  expect(oncreate).toHaveBeenCalledWith("2026-12-02", "2026-12-03");
  second?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  expect(onday).toHaveBeenCalledWith("2026-12-02");
});

const NEW = {
  ...{ mode: "entry" as const, entry: null },
  when: whenRead("2026-12-03T10:00:00", 60, false, "Europe/Berlin"),
};

test("an entry is sent with the rule that its form says", async () => {
  const create = vi.spyOn(api, "entryCreate").mockResolvedValue(entry());
  const onsaved = vi.fn();
  show(EntryForm, { ...NEW, onsaved, onclose: () => undefined });
  submit();
  await vi.waitFor(() => expect(by("entry-problem")?.textContent).toBe(words.titleMissing));
  enter("entry-title", "Training");
  enter("repeat-every", "WEEKLY", "change");
  (by("repeat-MO") as HTMLInputElement).click();
  (by("repeat-TH") as HTMLInputElement).click();
  flushSync();
  enter("repeat-ends", "count", "change");
  enter("repeat-count", "12");
  enter("repeat-interval", "2");
  submit();
  await vi.waitFor(() => expect(onsaved).toHaveBeenCalledTimes(1));
  expect(create.mock.calls[0]?.[0]).toMatchObject({
    ...{ title: "Training", start: "2026-12-03T10:00:00", durationMinutes: 60 },
    ...{ timeZone: "Europe/Berlin", repeat: "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=12" },
  });
});

test("a rule that the form cannot show is sent back as it came", async () => {
  const repeat = "FREQ=MONTHLY;BYDAY=2TU";
  const change = vi.spyOn(api, "entryChange").mockResolvedValue(entry());
  const onsaved = vi.fn();
  show(EntryForm, { ...NEW, entry: entry({ repeat }), onsaved, onclose: () => undefined });
  enter("entry-title", "Other");
  submit();
  await vi.waitFor(() => expect(onsaved).toHaveBeenCalledTimes(1));
  expect(change).toHaveBeenCalledWith("e", 3, expect.objectContaining({ repeat, title: "Other" }));
});

test("P-74: a request goes with its people, and tries again under the same key", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network here")));
  const ask = vi
    .spyOn(api, "meetingRequest")
    .mockRejectedValueOnce(new Error("lost"))
    .mockResolvedValue(entry({ meeting: meeting({ mine: true }) }));
  const onsaved = vi.fn();
  show(EntryForm, { ...NEW, mode: "request" as const, onsaved, onclose: () => undefined });
  submit();
  await vi.waitFor(() => expect(by("entry-problem")?.textContent).toBe(words.peopleMissing));
  enter("composer-to", "noa@example.org");
  enter("composer-cc", "omar@example.org");
  enter("rule", "number", "change");
  submit();
  await vi.waitFor(() => expect(by("entry-problem")?.textContent).toContain("lost"));
  submit();
  await vi.waitFor(() => expect(onsaved).toHaveBeenCalledTimes(1));
  expect(ask.mock.calls[1]?.[0]).toMatchObject({
    invitees: [
      { address: "noa@example.org", required: true },
      { address: "omar@example.org", required: false },
    ],
    rule: { kind: "number", number: 1 },
  });
  expect(ask.mock.calls[0]?.[1]).toBe(ask.mock.calls[1]?.[1]);
  // What was corrected is another request.
  enter("entry-title", "Other");
  submit();
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(3));
  expect(ask.mock.calls[2]?.[1]).not.toBe(ask.mock.calls[1]?.[1]);
  vi.unstubAllGlobals();
});

test("P-76, P-77: a request is read and accepted in one click, once", async () => {
  vi.spyOn(api, "meetingRead").mockResolvedValue(card());
  const busyHour = [occurrence({ title: "Dentist" }), occurrence({ reference: REFERENCE })];
  vi.spyOn(api, "occurrences").mockResolvedValue({ items: busyHour, more: false });
  const waits: ((card: api.MeetingCard) => void)[] = [];
  const answer = vi
    .spyOn(api, "meetingAnswer")
    .mockImplementation(() => new Promise((resolve) => waits.push(resolve)));
  show(MeetingCard, { reference: REFERENCE });
  await vi.waitFor(() => expect(by("besides")?.textContent).toContain("Dentist"));
  const text = by("meeting-card")?.textContent;
  for (const said of [
    "Plans",
    "10:00 – 11:00",
    `${words.requesterOffice}: Room 4`,
    "Bring ideas",
    "Dana",
  ])
    expect(text).toContain(said);
  // The meeting itself is nothing else at that hour.
  expect(by("besides")?.querySelectorAll("li")).toHaveLength(1);
  by("answer-accept")?.click();
  by("answer-accept")?.click();
  vi.spyOn(api, "meetingRead").mockResolvedValue(card({ answer: "accepted", state: "actual" }));
  waits[0]?.(card({ answer: "accepted", state: "actual" }));
  await vi.waitFor(() => expect(by("own-answer")?.textContent).toBe(words.ownAnswers.accepted));
  expect(answer).toHaveBeenCalledTimes(1);
  expect(answer.mock.calls[0]?.[1]).toEqual({ sequence: 0, follows: 0, answer: "accept" });
  expect(by("meeting-state")?.textContent?.trim()).toBe(words.meetingStates.actual);
  expect(by("answer-accept")?.getAttribute("aria-pressed")).toBe("true");
});

test("of what cannot be read nothing false is shown, and it can be declined", async () => {
  const hidden = { name: "", address: "" };
  const invitees = [person(hidden), person(hidden)];
  vi.spyOn(api, "meetingRead").mockResolvedValue({ ...card({ invitees }), about: null });
  const looked = vi.spyOn(api, "occurrences");
  show(MeetingCard, { reference: REFERENCE });
  await vi.waitFor(() => expect(by("answer-decline")).not.toBeNull());
  expect(by("meeting-card")?.textContent).toContain(words.requestNotRead);
  expect(by("meeting-card")?.textContent).not.toContain("1970");
  expect([by("answer-propose"), by("meeting-day")]).toEqual([null, null]);
  expect(by("meeting-card")?.textContent).toContain(words.personHidden);
  expect(looked).not.toHaveBeenCalled();
});

test("nobody answers a meeting of which nobody knows how it stands", async () => {
  vi.spyOn(api, "meetingRead").mockResolvedValue(card({ state: "unknown", answer: null }));
  vi.spyOn(api, "occurrences").mockResolvedValue({ items: [], more: false });
  show(MeetingCard, { reference: REFERENCE });
  await vi.waitFor(() => expect(by("meeting-state")).not.toBeNull());
  expect(by("meeting-state")?.textContent?.trim()).toBe(words.meetingStates.unknown);
  expect(by("answer-decline")).toBeNull();
});

test("an answer that is tried again goes under the key of the first try", async () => {
  vi.spyOn(api, "meetingRead").mockResolvedValue(card());
  vi.spyOn(api, "occurrences").mockResolvedValue({ items: [], more: false });
  const answer = vi.spyOn(api, "meetingAnswer").mockRejectedValue(new Error("lost"));
  show(MeetingCard, { reference: REFERENCE });
  await vi.waitFor(() => expect(by("answer-decline")).not.toBeNull());
  for (const times of [1, 2]) {
    by("answer-decline")?.click();
    await vi.waitFor(() => expect(answer).toHaveBeenCalledTimes(times));
    await vi.waitFor(() =>
      expect(by("answer-decline")?.getAttribute("aria-disabled")).toBe("false"),
    );
  }
  expect(by("answer-problem")?.textContent).toContain("lost");
  by("answer-tentative")?.click();
  await vi.waitFor(() => expect(answer).toHaveBeenCalledTimes(3));
  const [first, second, third] = answer.mock.calls.map(([, , key]) => key);
  expect(first).toBe(second);
  expect(third).not.toBe(first);
});

test("another time is proposed by the clocks of the meeting", async () => {
  zoneUse("America/New_York");
  vi.spyOn(api, "meetingRead").mockResolvedValue(card());
  vi.spyOn(api, "occurrences").mockResolvedValue({ items: [], more: false });
  const answer = vi.spyOn(api, "meetingAnswer").mockResolvedValue(card({ answer: "proposed" }));
  show(MeetingCard, { reference: REFERENCE });
  await vi.waitFor(() => expect(by("answer-propose")).not.toBeNull());
  by("answer-propose")?.click();
  flushSync();
  expect(by("propose")?.textContent).toContain("Europe/Berlin");
  enter("when-time", "14:30");
  submit();
  await vi.waitFor(() => expect(answer).toHaveBeenCalledTimes(1));
  expect(answer.mock.calls[0]?.[1]).toMatchObject({
    ...{ answer: "propose", start: "2026-12-03T14:30:00", durationMinutes: 60 },
  });
});

test("P-79: the requester sees each answer without a reload, and takes a time", async () => {
  const proposed = person({
    ...{ name: "Omar", address: "omar@example.org", state: "proposed", comment: "Too early" },
    ...{ proposedStart: "2026-12-03T14:00:00", proposedDurationMinutes: 30 },
  });
  const mine = meeting({ mine: true, answer: null, invitees: [person(), proposed] });
  const read = vi.spyOn(api, "entryRead").mockResolvedValue(entry({ meeting: mine }));
  const change = vi.spyOn(api, "meetingChange").mockResolvedValue(card());
  const one = shownOf(occurrence({ state: "tentative", reference: REFERENCE }));
  const nothing = () => undefined;
  show(EntrySheet, { one, onedit: nothing, ondelete: nothing, onclose: nothing });
  await vi.waitFor(() => expect(all("person-state")).toHaveLength(2));
  expect(all("person-state")[0]?.textContent).toBe(words.personStates.waiting);
  expect(by("proposed")?.textContent).toContain("14:00 – 14:30");
  expect(by("answer-accept")).toBeNull();
  expect(by("entry-delete")).toBeNull();
  const invitees = [person({ state: "accepted" }), proposed];
  read.mockResolvedValue(entry({ meeting: { ...mine, state: "actual", invitees } }));
  schedule.changed();
  await vi.waitFor(() =>
    expect(all("person-state")[0]?.textContent).toBe(words.personStates.accepted),
  );
  expect(by("meeting-state")?.dataset.state).toBe("actual");
  by("proposed-take")?.click();
  await vi.waitFor(() => expect(change).toHaveBeenCalledTimes(1));
  expect(change.mock.calls[0]).toEqual([
    ...[REFERENCE, 0],
    { ...asked, start: "2026-12-03T14:00:00", durationMinutes: 30 },
  ]);
});

test("keys move the day and change the view, and what changed is read again", async () => {
  const stop = keysStart();
  const list = vi.spyOn(api, "occurrences").mockResolvedValue({
    ...{ items: [occurrence({ state: "tentative", reference: REFERENCE })], more: false },
  });
  vi.spyOn(api, "requestsOpen").mockResolvedValue({ items: [card()] });
  show(Calendar, { shape: "month" as const, day: "2026-12-03" });
  await vi.waitFor(() => expect(by("entry")?.dataset.state).toBe("tentative"));
  await vi.waitFor(() => expect(by("requests-waiting")?.textContent).toContain("1 request waits"));
  // A day more on either side of what is shown.
  expect(list.mock.calls[0]?.[0].toISOString()).toBe("2026-11-28T23:00:00.000Z");
  list.mockResolvedValue({ items: [occurrence({ state: "actual", reference: "R" })], more: false });
  schedule.changed();
  await vi.waitFor(() => expect(by("entry")?.dataset.state).toBe("actual"));
  const press = (key: string) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("ArrowRight");
  expect(location.pathname).toBe("/calendar/month/2026-12-04");
  press("ArrowDown");
  expect(location.pathname).toBe("/calendar/month/2026-12-10");
  press("2");
  expect(location.pathname).toBe("/calendar/week/2026-12-03");
  press("n");
  await vi.waitFor(() => expect(by("entry-form")).not.toBeNull());
  stop();
});
