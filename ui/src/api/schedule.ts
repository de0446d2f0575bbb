// The calls of the API for the calendar and for requests for meetings.
import { request } from "./client.ts";
import type { Answered, Asked as Sent } from "./wire.ts";

export type PlaceKind = Answered<"PlaceSort">;
export type MeetingState = Answered<"MeetingState">;
export type PersonState = Answered<"PersonState">;
export type MeetingRule = Answered<"MeetingRule">;
export type MeetingPerson = Answered<"MeetingPerson">;
export type Meeting = Answered<"Meeting">;
export type MeetingCard = Answered<"MeetingCard">;
/** What a meeting is about, when and where it is. */
export type MeetingAbout = Answered<"MeetingAbout">;
export type Answer = Sent<"MeetingAnswer">;
export type Entry = Answered<"ScheduleEntry">;
/** One time of an entry, as the calendar lists it. */
export type Occurrence = Answered<"Occurrence">;
export type EntryNew = Answered<"EntryFields">;

/** What a request asks for, and what its changes change. */
export type Asked = Pick<
  EntryNew,
  "title" | "placeKind" | "place" | "text" | "start" | "durationMinutes" | "allDay" | "timeZone"
>;
/** What somebody adds to an entry for nobody else. */
export type Own = Pick<EntryNew, "reminderMinutes" | "colour" | "category" | "calendar">;

const entryAt = (id: string, rest = "") => `/api/schedule/entries/${encodeURIComponent(id)}${rest}`;
const meetingAt = (reference: string, rest = "") =>
  `/api/schedule/meetings/${encodeURIComponent(reference)}${rest}`;
/** A request that is repeated under the same key is carried out once. */
const once = (key: string) => ({ "Idempotency-Key": key });

export const occurrences = (from: Date, to: Date) =>
  request<Answered<"Occurrences">>("GET", "/api/schedule", {
    query: { from: instant(from), to: instant(to) },
  });
export const requestsOpen = () =>
  request<Answered<"MeetingCards">>("GET", "/api/schedule/requests");
export const entryCreate = (body: EntryNew, key: string) =>
  request<Entry>("POST", "/api/schedule/entries", { body, headers: once(key) });
export const entryRead = (id: string) => request<Entry>("GET", entryAt(id));
export const entryChange = (id: string, version: number, fields: EntryNew) =>
  request<Entry>("PUT", entryAt(id), { body: { ...fields, version } });
export const entryDelete = (id: string) => request<undefined>("DELETE", entryAt(id));
export const entryRestore = (id: string) => request<Entry>("POST", entryAt(id, "/restoration"));

export const meetingRequest = (body: Sent<"NewMeeting">, key: string) =>
  request<Entry>("POST", "/api/schedule/meetings", { body, headers: once(key) });
export const meetingRead = (reference: string) => request<MeetingCard>("GET", meetingAt(reference));
export const meetingChange = (reference: string, sequence: number, fields: Asked) =>
  request<MeetingCard>("PUT", meetingAt(reference), { body: { ...fields, sequence } });
export const meetingCancel = (reference: string) =>
  request<MeetingCard>("DELETE", meetingAt(reference));
export const meetingAnswer = (reference: string, body: Sent<"MeetingReply">, key: string) =>
  request<MeetingCard>("POST", meetingAt(reference, "/answer"), { body, headers: once(key) });

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
