// How rooms and those who are in them are called.
import type { Person, Room } from "../../api/rooms.ts";
import type { Catalogue } from "../../i18n/en.ts";

export function personName(person: Person | undefined, words: Catalogue): string {
  if (person === undefined) return words.chat.somebody;
  return person.name === "" ? person.address : person.name;
}

export function roomName(room: Room, words: Catalogue): string {
  if (room.kind === "conversation") return personName(room.other ?? undefined, words);
  return room.name ?? words.chat.closedName;
}

/** A time within a recording, in seconds. */
export function clockText(secs: number): string {
  const whole = Math.max(0, Math.floor(secs));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
