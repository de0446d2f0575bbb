// Cuts a file of contacts into parts that the server takes, each with whole cards or rows. Pure.

/** The most contacts of a part, and about how long one may be. */
const PART_CARDS = 200;
const PART_CHARS = 1 << 20;

/** A longer file is not read: it would not fit into the page. */
export const FILE_OCTETS_MAX = 256 * 1024 * 1024;

export interface FilePart {
  text: string;
  /** How many contacts are before it, and how far it reaches, between 0 and 1. */
  before: number;
  reached: number;
}

/** Reads a file as text, whichever of the usual encodings it has. */
export function textOf(octets: ArrayBuffer): string {
  const [first, second] = new Uint8Array(octets.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(octets);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(octets);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder("windows-1252").decode(octets);
  }
}

/** Whether a file has cards; otherwise it is a table. */
export function hasCards(text: string): boolean {
  return /^[ \t]*BEGIN:VCARD[ \t]*$/im.test(text);
}

export function* partsOf(text: string): Generator<FilePart> {
  yield* hasCards(text) ? cards(text) : rows(text);
}

function* cards(text: string): Generator<FilePart> {
  const begins = /^[ \t]*BEGIN:VCARD/gim;
  const starts = [...text.matchAll(begins)].map(({ index }) => index);
  starts.push(text.length);
  yield* joined(text, "", starts);
}

/** Each part of a table begins with the row that names the columns. */
function* rows(text: string): Generator<FilePart> {
  const starts: number[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    if (char !== "\n" || quoted) continue;
    starts.push(start);
    start = at + 1;
  }
  if (start < text.length) starts.push(start);
  const [head = 0, first = text.length, ...more] = [...starts, text.length];
  yield* joined(text, text.slice(head, first), [first, ...more]);
}

/** Joins what begins at `starts` into parts, up to the last of them. */
function* joined(text: string, head: string, starts: number[]): Generator<FilePart> {
  let from = 0;
  for (let at = 1; at < starts.length; at += 1) {
    const [begin = 0, end = 0, next = Infinity] = [starts[from], starts[at], starts[at + 1]];
    const isLast = at === starts.length - 1;
    if (!isLast && at - from < PART_CARDS && next - begin <= PART_CHARS) continue;
    yield { text: head + text.slice(begin, end), before: from, reached: end / text.length };
    from = at;
  }
}
