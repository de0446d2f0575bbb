// The words of a message that a list shows: its beginning, or what a search found in it.
import type { Snippet } from "../api/types.ts";

/** How many characters stand before the first match, so that it is seen in a narrow list too. */
const LEAD_CHARS_MAX = 24;

/** Shortens what stands before the first match to its last few words. */
export function near(pieces: Snippet[]): Snippet[] {
  const [lead, ...rest] = pieces;
  if (lead === undefined || lead.hit || !rest.some(({ hit }) => hit)) return pieces;
  const characters = [...lead.text];
  if (characters.length <= LEAD_CHARS_MAX) return pieces;
  const end = characters.slice(-LEAD_CHARS_MAX).join("");
  // From the beginning of a word, where there is one.
  const word = end.search(/\s\S/u);
  return [{ hit: false, text: `…${word < 0 ? end : end.slice(word + 1)}` }, ...rest];
}
