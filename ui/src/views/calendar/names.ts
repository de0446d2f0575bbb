// What entries, their states and their people are called.
import type { Entry, MeetingPerson, Reply } from "../../api/schedule.ts";
import type { Catalogue } from "../../i18n/en.ts";
import { dayHead, lengthText, listText, timeIn, timeOfDay, zoneShown } from "../../lib/format.ts";
import { repeatOf, WEEKDAYS, type Repeat } from "../../lib/repeat.ts";
import { isolated } from "../../lib/sender.ts";
import { wallOf } from "../../lib/zones.ts";
import { daysOf, type Timed } from "./model.ts";

type Words = Catalogue["calendar"];

/** One time of an entry, as it is drawn. */
export interface Shown extends Timed {
  key: string;
  entry: Entry;
  state: "actual" | "tentative" | "declined" | "cancelled";
}

export function shownOf(entry: Entry): Shown {
  const [begins, ends] = [Date.parse(entry.start), Date.parse(entry.end)];
  const key = `${entry.id} ${entry.start}`;
  return { key, entry, begins, ends, allDay: entry.allDay, state: stateOf(entry) };
}

function stateOf({ meeting }: Entry): Shown["state"] {
  if (meeting === null) return "actual";
  if (meeting.state === "cancelled" || meeting.own) return meeting.state;
  // For somebody who was asked, the own answer counts.
  if (meeting.reply === "declined") return "declined";
  return meeting.reply === "accepted" ? "actual" : "tentative";
}

export function entryTitle(entry: Entry, words: Words): string {
  if (entry.title === null) return words.unreadable;
  return entry.title.trim() || words.untitled;
}

/** The word of a state; what is certain has none beside its title. */
export function stateWord({ state }: Shown, words: Words): string {
  return state === "actual" ? "" : words.states[state];
}

/** All that a drawing says, in one sentence for those who do not see it. */
export function entrySaid(one: Shown, catalogue: Catalogue, language: string): string {
  const words = catalogue.calendar;
  const { entry, state } = one;
  const parts = [
    isolated(entryTitle(entry, words)),
    whenText(one, words, language),
    words.states[state],
    ...(entry.place.text === "" ? [] : [isolated(entry.place.text)]),
  ];
  return listText(parts, language);
}

/** When an entry is, in the zone of the page. */
export function whenText(one: Timed, words: Words, language: string): string {
  const zone = zoneShown();
  const [first, last] = daysOf(one, zone);
  const head = (day: string) => dayHead(day, "head", language);
  if (one.allDay) return first === last ? `${head(first)}, ${words.allDay}` : words.range(head(first), head(last));
  const at = (ms: number) => timeOfDay(new Date(ms).toISOString(), language);
  const end = wallOf(one.ends, zone).day;
  if (end === first) return `${head(first)}, ${words.range(at(one.begins), at(one.ends))}`;
  return words.range(`${head(first)}, ${at(one.begins)}`, `${head(end)}, ${at(one.ends)}`);
}

/** The times of an entry in its own zone; empty if that is the zone of the page. */
export function zoneText(one: Timed, zone: string, words: Words, language: string): string {
  if (one.allDay || zone === "" || zone === zoneShown()) return "";
  return words.inZone(zone, timeIn(one.begins, zone, language));
}

export function personText({ name, address }: { name: string | null; address: string }): string {
  return name ?? address;
}

export function replyText(person: MeetingPerson, words: Words): string {
  return words.replies[person.reply ?? "waiting"];
}

export function ownReplyText(reply: Reply, words: Words): string {
  return words.ownReplies[reply];
}

/** How an entry repeats, in words; a rule that has none is shown as it is. */
export function repeatSaid(rule: string, zone: string, words: Words, language: string): string {
  const repeat = repeatOf(rule, (ms) => wallOf(ms, zone).day);
  return repeat === null ? rule : repeatWords(repeat, words, language);
}

function repeatWords({ every, interval, on, ends }: Repeat, words: Words, language: string): string {
  const often = words.every[every](interval);
  // A Monday, and the days after it.
  const name = (day: (typeof WEEKDAYS)[number]) =>
    dayHead(`2024-01-0${WEEKDAYS.indexOf(day) + 1}`, "weekdayLong", language);
  const days = on.length > 0 ? [listText(on.map(name), language)] : [];
  const until =
    ends.kind === "count"
      ? [words.times(ends.count)]
      : ends.kind === "until"
        ? [words.untilDay(dayHead(ends.day, "head", language))]
        : [];
  return [often, ...days, ...until].join(", ");
}

export function reminderText(minutes: number, words: Words, language: string): string {
  return minutes === 0 ? words.reminderNow : words.reminderBefore(lengthText(minutes, language));
}
