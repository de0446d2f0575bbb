// Addresses of pages in a text that is not HTML: what is typed in full can be followed.
import { mismatch } from "./links.ts";

/** A part of a text, with the address that it is, if it is one. */
export interface Part {
  text: string;
  href?: string;
}

/** Texts with more links than this are lists of addresses; the rest stays text. */
const LINKS_MAX = 2_000;
const HREF_MAX = 2_000;
const WORD = /(?:https?:[/]{2}|www\.)[^\s<>"“”„«»]+/giu;
// What turns the direction of a text would show another address than the one that is followed.
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Splits a text where addresses of pages begin and end. */
export function linked(text: string): Part[] {
  const parts: Part[] = [];
  let start = 0;
  let links = 0;
  for (const found of text.matchAll(WORD)) {
    if (found[0].length > HREF_MAX || links === LINKS_MAX) continue;
    const word = trimmed(found[0]);
    const href = hrefOf(word);
    if (href === null) continue;
    links += 1;
    if (found.index > start) parts.push({ text: text.slice(start, found.index) });
    parts.push({ text: word, href });
    start = found.index + word.length;
  }
  if (start < text.length || parts.length === 0) parts.push({ text: text.slice(start) });
  return parts;
}

function hrefOf(word: string): string | null {
  const href = /^www\./i.test(word) ? `https:${"//"}${word}` : word;
  if (TURNS.test(href) || !URL.canParse(href)) return null;
  // bank.example@evil.example leads to the second one.
  return new URL(href).hostname.includes(".") && mismatch([word], href) === null ? href : null;
}

/** The address without the end of the sentence that it stands in, and without its bracket. */
function trimmed(word: string): string {
  let end = word.length;
  for (; end > 0; end -= 1) {
    const last = word.charAt(end - 1);
    const kept = word.slice(0, end);
    const closes = { ")": "(", "]": "[", "}": "{" }[last];
    if (closes === undefined ? !/[.,;:!?'…*_|]/u.test(last) : isBalanced(kept, closes, last)) break;
  }
  return word.slice(0, end);
}

function isBalanced(text: string, opens: string, closes: string): boolean {
  return text.split(opens).length >= text.split(closes).length;
}
