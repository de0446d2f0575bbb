// The calls of the API for the calendar and for requests for meetings.
import { request } from "./client.ts";

export type PlaceKind = "none" | "office" | "remote" | "link";
export type MeetingState = "tentative" | "actual" | "declined" | "cancelled";
export type Reply = "accepted" | "declined" | "tentative" | "countered";
export type Colour = "green" | "blue" | "violet" | "red" | "yellow" | "grey";

export interface Times {
  start: string;
  end: string;
}

export interface MeetingPerson {
  address: string;
  name: string | null;
  required: boolean;
  /** Null while the person has not answered what is asked now. */
  reply: Reply | null;
  proposed: Times | null;
}

export interface Rule {
  kind: "all" | "required" | "number";
  number: number | null;
}

export interface Meeting {
  reference: string;
  sequence: number;
  own: boolean;
  organizer: { address: string; name: string | null };
  rule: Rule;
  state: MeetingState;
  persons: MeetingPerson[];
  /** The own answer of somebody who was asked. */
  reply: Reply | null;
}

export interface Entry {
  id: string;
  version: number;
  /** Null where it cannot be opened. */
  title: string | null;
  text: string;
  place: { kind: PlaceKind; text: string };
  start: string;
  end: string;
  allDay: boolean;
  zone: string;
  repeat: string | null;
  reminder: number | null;
  colour: Colour | null;
  category: string;
  meeting: Meeting | null;
}
