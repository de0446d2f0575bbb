// What entries, their states and their people are called.
import type { Asked, Meeting, MeetingPerson, Occurrence, PersonState } from "../../api/schedule.ts";
import type { Catalogue } from "../../i18n/en.ts";
import { dayHead, lengthText, listText, timeIn, timeOfDay, zoneShown } from "../../lib/format.ts";
import { repeatOf, WEEKDAYS, type Repeat } from "../../lib/repeat.ts";
import { isolated } from "../../lib/sender.ts";
import { wallOf } from "../../lib/zones.ts";
import { daysOf, type Timed } from "./model.ts";

type Words = Catalogue["calendar"];
export type State = keyof Words["states"];

/** One time of an entry, as it is drawn. */
export interface Shown extends Timed {
  key: string;
  entry: Occurrence;
  state: State;
}

/** By their numbers in the contract; the first is that of the page. */
export const COLOURS = [
  "plain",
  "green",
  "blue",
  "violet",
  "red",
  "yellow",
  "brown",
  "grey",
] as const;

/** The moments of something that is asked for; whole days are those of UTC. */
export function timedOf(
  given: Pick<Asked, "start" | "durationMinutes" | "allDay"> & { startsAt: string; endsAt: string },
): Timed {
  const { allDay, start, durationMinutes, startsAt, endsAt } = given;
  if (!allDay) return { allDay, begins: Date.parse(startsAt), ends: Date.parse(endsAt) };
  const begins = Date.parse(`${start.slice(0, 10)}T00:00:00Z`);
  return { allDay, begins, ends: begins + durationMinutes * 60_000 };
}

export function shownOf(entry: Occurrence): Shown {
  return { key: `${entry.id} ${entry.start}`, entry, ...timedOf(entry), state: stateOf(entry) };
}

/** How an entry stands for this account: who was asked and did not accept has nothing certain. */
function stateOf({ state, mine, answer }: Occurrence): State {
  if (state === "own") return "actual";
  if (["cancelled", "past", "unknown"].includes(state) || mine) return state;
  if (answer === "declined") return "declined";
  return answer === "accepted" ? state : "tentative";
}

export function entryTitle({ title }: Pick<Asked, "title">, words: Words): string {
  return title.trim() || words.untitled;
}

/** Whether a meeting still takes place, as far as anybody can tell: then it is answered, changed and cancelled. */
export function isOn({ state }: Meeting): boolean {
  return !["cancelled", "past", "unknown"].includes(state);
}

/** The word of a state; what is certain has none beside its title. */
export function stateWord({ state }: Shown, words: Words): string {
  return state === "actual" ? "" : words.states[state];
}

/** Where something is, in words. An office is that of the requester, who may be somebody else. */
export function placeText(
  { placeKind, place }: Pick<Asked, "placeKind" | "place">,
  mine: boolean,
  words: Words,
): string {
  if (placeKind !== "office") return place;
  const office = mine ? words.places.office : words.requesterOffice;
  return place === "" ? office : `${office}: ${place}`;
}

/** What a drawing shows by its place and its shape, for those who do not see it. */
export function entrySaid(
  one: Shown,
  hasPlace: boolean,
  catalogue: Catalogue,
  language: string,
): string {
  const words = catalogue.calendar;
  const place = hasPlace ? "" : placeText(one.entry, one.entry.mine, words);
  const certain = one.state === "actual" ? [words.states.actual] : [];
  const parts = [whenText(one, words, language), ...certain];
  return listText(place === "" ? parts : [...parts, isolated(place)], language);
}

/** When something is, in the zone of the page. */
export function whenText(one: Timed, words: Words, language: string): string {
  const zone = zoneShown();
  const [first, last] = daysOf(one, zone);
  const head = (day: string) => dayHead(day, "head", language);
  if (one.allDay && first === last) return `${head(first)}, ${words.allDay}`;
  if (one.allDay) return words.range(head(first), head(last));
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

export function personName({ name, address }: Pick<MeetingPerson, "name" | "address">): string {
  return name || address;
}

export function answerText(state: PersonState, words: Words): string {
  return words.ownAnswers[state];
}

/** How an entry repeats, in words; a rule that has none is shown as it is. */
export function repeatSaid(rule: string, zone: string, words: Words, language: string): string {
  const repeat = repeatOf(rule, (ms) => wallOf(ms, zone).day);
  return repeat === null ? rule : repeatWords(repeat, words, language);
}

function repeatWords({ every, interval, on, ends }: Repeat, words: Words, language: string) {
  const often = words.every[every](interval);
  // A Monday, and the days after it.
  const name = (day: (typeof WEEKDAYS)[number]) =>
    dayHead(`2024-01-0${WEEKDAYS.indexOf(day) + 1}`, "weekdayLong", language);
  const days = on.length > 0 ? [listText(on.map(name), language)] : [];
  const until = ends.kind === "until" ? [words.untilDay(dayHead(ends.day, "head", language))] : [];
  const times = ends.kind === "count" ? [words.times(ends.count)] : [];
  return [often, ...days, ...until, ...times].join(", ");
}

export function reminderText(minutes: number, words: Words, language: string): string {
  return minutes === 0 ? words.reminderNow : words.reminderBefore(lengthText(minutes, language));
}
