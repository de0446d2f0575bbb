// How boards, and those beside a post, are called.
import type { Board, PostPerson } from "../../api/boards.ts";
import type { Catalogue } from "../../i18n/en.ts";
import { listText } from "../../lib/format.ts";

export function boardName(board: Pick<Board, "name">, words: Catalogue): string {
  return board.name ?? words.boards.unreadable;
}

/** Somebody who is not here any more has no name. */
export function personName(person: PostPerson, words: Catalogue): string {
  return person.name || person.address || words.boards.somebody;
}

export function peopleText(people: PostPerson[], words: Catalogue, language: string): string {
  return listText(
    people.map((one) => personName(one, words)),
    language,
  );
}

/** In one line: how many people read a board, and how many write. */
export function audienceText({ readers, writers }: Board, catalogue: Catalogue): string {
  const words = catalogue.boards;
  return [
    readers.everybody ? words.everybodyReads : words.read(readers.count),
    writers.everybody ? words.everybodyWrites : words.write(writers.count),
  ].join(" · ");
}
