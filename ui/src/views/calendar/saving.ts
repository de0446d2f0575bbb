// What a form of the calendar sends, and what it says if the server refuses.
import * as api from "../../api/schedule.ts";
import { ApiError } from "../../api/client.ts";
import type { Catalogue } from "../../i18n/en.ts";
import { refusedText } from "../../lib/refused.ts";

/** What is written: an entry, a request, a change of a request, or the own additions to one. */
export type Mode = "entry" | "request" | "meeting" | "own";

export interface Invited {
  invitees: { address: string; required: boolean }[];
  rule: api.MeetingRule;
}

/** Saves a form. `key` is the same each time that the same is sent. */
export async function saved(
  mode: Mode,
  before: api.Entry | null,
  fields: api.EntryNew,
  invited: Invited,
  key: string,
): Promise<api.Entry> {
  if (mode === "request") return api.meetingRequest({ ...fields, ...invited }, key);
  if (before === null) return api.entryCreate(fields, key);
  if (before.meeting === null) return api.entryChange(before.id, before.version, fields);
  const { reference, sequence } = before.meeting;
  // Each change of a request reaches everybody: one that changes nothing of it does not go.
  if (mode === "meeting" && !isSame(before, fields))
    await api.meetingChange(reference, sequence, askedOf(fields));
  // The change made another version of the own entry.
  const now = mode === "meeting" ? await api.entryRead(before.id) : before;
  if (isOwnSame(now, fields)) return now;
  const { reminderMinutes, colour, category, calendar } = fields;
  const own = { reminderMinutes, colour, category, calendar };
  return api.entryChange(now.id, now.version, { ...api.fieldsOf(now), ...own });
}

function askedOf(fields: api.Asked): api.Asked {
  const { title, placeKind, place, text, start, durationMinutes, allDay, timeZone } = fields;
  return { title, placeKind, place, text, start, durationMinutes, allDay, timeZone };
}

function isSame(before: api.Asked, after: api.Asked): boolean {
  return JSON.stringify(askedOf(before)) === JSON.stringify(askedOf(after));
}

function isOwnSame(before: api.Own, after: api.Own): boolean {
  const names = ["reminderMinutes", "colour", "category", "calendar"] as const;
  return names.every((name) => before[name] === after[name]);
}

/** Why the server refused, with words for what only happens here. */
export function refusal(error: unknown, catalogue: Catalogue): string {
  const words = catalogue.calendar;
  if (!(error instanceof ApiError)) return refusedText(error, "");
  const said: Record<string, string> = {
    "edited-elsewhere": words.editedElsewhere,
    "meeting-changed": words.meetingChanged,
    "meeting-cancelled": words.meetingCancelled,
    "meeting-runs": words.meetingRuns,
    "request-used": words.requestUsed,
  };
  const own = said[error.code];
  if (own !== undefined) return own;
  return error.status === 404 ? words.personUnknown : refusedText(error, "");
}
