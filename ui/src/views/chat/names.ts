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

/** What a hint of the event stream is about: the room's number, and a word or the last line. */
export function hintOf(event: Event): { room: string; what: string } {
  const text = event instanceof CustomEvent ? String(event.detail) : "";
  const [room = "", what = ""] = text.split(" ");
  return { room, what };
}
