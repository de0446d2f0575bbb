// The calls of the API for the calendar and for requests for meetings.
import { request } from "./client.ts";

/** A time by the clocks of a zone, without an offset: `2026-12-03T10:00:00`. */
export type LocalTime = string;
export type PlaceKind = "none" | "office" | "elsewhere" | "link";
export type MeetingState = "tentative" | "actual" | "declined" | "cancelled";
export type PersonState = "waiting" | "accepted" | "declined" | "tentative" | "proposed" | "gone";
export type MeetingRule =
  { kind: "all" } | { kind: "required" } | { kind: "number"; number: number };
export type Answer = "accept" | "decline" | "tentative" | "propose";

/** What a request asks for, and what its changes change. */
export interface Asked {
  title: string;
  placeKind: PlaceKind;
  place: string;
  text: string;
  start: LocalTime;
  durationMinutes: number;
  allDay: boolean;
  timeZone: string;
}

/** What somebody adds to an entry for nobody else. */
export interface Own {
  reminderMinutes: number | null;
  colour: number;
  category: string;
  calendar: string;
}

export interface EntryNew extends Asked, Own {
  repeat: string | null;
  exceptions: LocalTime[];
}

export interface MeetingPerson {
  name: string;
  address: string;
  required: boolean;
  state: PersonState;
  proposedStart: LocalTime | null;
  proposedDurationMinutes: number | null;
  comment: string;
  answeredAt: string | null;
}

export interface Meeting {
  reference: string;
  sequence: number;
  state: MeetingState;
  mine: boolean;
  requesterName: string;
  requesterAddress: string;
  rule: MeetingRule;
  people: MeetingPerson[];
  answer: PersonState | null;
}

export interface Entry extends EntryNew {
  id: string;
  version: number;
  startsAt: string;
  endsAt: string;
  meeting: Meeting | null;
}

/** One time of an entry, as the calendar lists it. */
export interface Occurrence extends Own {
  id: string;
  version: number;
  title: string;
  placeKind: PlaceKind;
  place: string;
  start: LocalTime;
  startsAt: string;
  endsAt: string;
  allDay: boolean;
  timeZone: string;
  durationMinutes: number;
  repeated: boolean;
  reference: string | null;
  mine: boolean;
  state: "own" | MeetingState;
  answer: PersonState | null;
}

export interface MeetingCard extends Asked {
  meeting: Meeting;
  startsAt: string;
  endsAt: string;
  /** The own entry, if there is one. */
  entry: string | null;
}

const entryAt = (id: string, rest = "") => `/api/schedule/entries/${encodeURIComponent(id)}${rest}`;
const meetingAt = (reference: string, rest = "") =>
  `/api/schedule/meetings/${encodeURIComponent(reference)}${rest}`;
/** A request that is repeated under the same key is carried out once. */
const once = (key: string) => ({ "Idempotency-Key": key });

export const occurrences = (from: Date, to: Date) =>
  request<{ items: Occurrence[]; more: boolean }>("GET", "/api/schedule", {
    query: { from: instant(from), to: instant(to) },
  });
export const requestsOpen = () =>
  request<{ items: MeetingCard[] }>("GET", "/api/schedule/requests");
export const entryCreate = (body: EntryNew, key: string) =>
  request<Entry>("POST", "/api/schedule/entries", { body, headers: once(key) });
export const entryRead = (id: string) => request<Entry>("GET", entryAt(id));
export const entryChange = (id: string, version: number, fields: EntryNew) =>
  request<Entry>("PUT", entryAt(id), { body: { ...fields, version } });
export const entryDelete = (id: string) => request<undefined>("DELETE", entryAt(id));
export const entryRestore = (id: string) => request<Entry>("POST", entryAt(id, "/restoration"));

export const meetingRequest = (
  body: EntryNew & { invitees: { address: string; required: boolean }[]; rule: MeetingRule },
  key: string,
) => request<Entry>("POST", "/api/schedule/meetings", { body, headers: once(key) });
export const meetingRead = (reference: string) => request<MeetingCard>("GET", meetingAt(reference));
export const meetingChange = (reference: string, sequence: number, fields: Asked) =>
  request<MeetingCard>("PUT", meetingAt(reference), { body: { ...fields, sequence } });
export const meetingCancel = (reference: string) =>
  request<MeetingCard>("DELETE", meetingAt(reference));
export const meetingAnswer = (
  reference: string,
  body: {
    sequence: number;
    answer: Answer;
    start?: LocalTime;
    durationMinutes?: number;
    comment?: string;
  },
  key: string,
) => request<MeetingCard>("POST", meetingAt(reference, "/answer"), { body, headers: once(key) });

/** The times of the contract have seconds, and no part of them. */
function instant(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** What of an entry is sent back with a change. */
export function fieldsOf(entry: Entry): EntryNew {
  const { title, placeKind, place, text, start, durationMinutes, allDay, timeZone } = entry;
  const { repeat, exceptions, reminderMinutes, colour, category, calendar } = entry;
  return {
    ...{ title, placeKind, place, text, start, durationMinutes, allDay, timeZone },
    ...{ repeat, exceptions, reminderMinutes, colour, category, calendar },
  };
}
