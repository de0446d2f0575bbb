// The mbox format (RFC 4155, the "mboxrd" variant): messages one after another, each after a line
// that begins with "From "; such lines within a message get a ">" in front.

const LF = 0x0a;

/**
 * Yields the messages of a file one by one, as they are; an .eml file is one message. Reads in
 * pieces, so that a file of any size needs little memory. `messageMax` is the largest size of a
 * message in octets: a larger one is yielded as null. `received` is the time that the line before
 * the message names, or null.
 */
export async function* messagesOf(
  file: Blob,
  messageMax: number,
): AsyncGenerator<{ octets: Blob | null; received: Date | null; at: number }> {
  let lines: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let at = 0;
  let received: Date | null = null;
  let isMbox: boolean | null = null;
  // An empty line that may separate this message from the next, and then belongs to neither.
  let empty: Uint8Array<ArrayBuffer> | null = null;
  // After it, a separator without an address, if the next line is a field of a header.
  let bare: Uint8Array<ArrayBuffer> | null = null;
  const take = () => {
    const octets = size > messageMax ? null : new Blob(lines);
    const isEmpty = size === 0;
    [lines, size] = [[], 0];
    const found = isEmpty ? [] : [{ octets, received, at }];
    received = null;
    return found;
  };
  const add = (line: Uint8Array<ArrayBuffer>) => {
    size += line.length;
    if (size <= messageMax) lines.push(line);
    else lines = [];
  };
  for await (const whole of linesOf(file)) {
    const line = at === 0 && starts(whole, BOM) ? whole.subarray(BOM.length) : whole;
    at += whole.length;
    // Some programs begin a file with an empty line.
    if (isMbox === null && isEmptyLine(line)) continue;
    isMbox ??= isSeparator(line) || isBareSeparator(line);
    const begins = empty !== null || size === 0;
    if (bare !== null && isField(line)) {
      empty = bare = null;
      yield* take();
    } else if (isMbox && isSeparator(line) && begins) {
      empty = bare = null;
      yield* take();
      received = separatorTime(line);
      continue;
    } else if (isMbox && bare === null && isBareSeparator(line) && begins) {
      bare = line;
      continue;
    }
    if (empty !== null) add(empty);
    if (bare !== null) add(bare);
    bare = null;
    empty = isMbox && isEmptyLine(line) ? line : null;
    if (empty === null) add(isMbox && /^>+From /.test(ascii(line)) ? line.subarray(1) : line);
  }
  if (bare !== null) {
    if (empty !== null) add(empty);
    add(bare);
  }
  yield* take();
}

const BOM = "\u00ef\u00bb\u00bf";

/**
 * Matches "From ", an address and a time (RFC 4155). A line of text that begins with that word does
 * not match, if a program forgot to escape it with ">"; some programs write no time.
 */
function isSeparator(line: Uint8Array): boolean {
  return starts(line, "From ") && /^From \S+(\s.*\d\d?:\d\d.*)?\s*$/.test(ascii(line, 400));
}

/**
 * Returns the time that a separator names (RFC 4155: in UTC, in the form of C's asctime). Some
 * programs write the zone, before or after the year.
 */
function separatorTime(line: Uint8Array): Date | null {
  const form =
    /\b([A-Z][a-z]{2}) +(\d\d?) +(\d\d?:\d\d(?::\d\d)?) +([-+]\d{4} +)?(\d{4})( +[-+]\d{4})?\s*$/;
  const found = form.exec(ascii(line, 400));
  if (found === null) return null;
  const [, month, day, time, early, year, late] = found;
  const named = `${day} ${month} ${year} ${time} ${(early ?? late ?? "+0000").trim()}`;
  const at = new Date(named);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Matches what some programs leave of a separator: "From " and nothing else. */
const isBareSeparator = (line: Uint8Array) => /^From \s*$/.test(ascii(line));

/** Matches the first line of a header field (RFC 5322 §2.2). */
const isField = (line: Uint8Array) => /^[!-9;-~]+:/.test(ascii(line, 80));

const isEmptyLine = (line: Uint8Array) => /^\r?\n?$/.test(ascii(line));

/** Returns a message in the form that it has in an mbox. */
export async function mboxPart(octets: Blob, from: string, date: Date): Promise<Blob> {
  const text = new Uint8Array(await octets.arrayBuffer());
  const parts: BlobPart[] = [`From ${from.replace(/\s/g, "") || "-"} ${ctime(date)}\n`];
  let start = 0;
  for (let end = 0; end <= text.length; end += 1) {
    if (end < text.length && text[end] !== LF) continue;
    const line = text.subarray(start, Math.min(end + 1, text.length));
    if (/^>*From /.test(ascii(line))) parts.push(">");
    parts.push(unix(line));
    start = end + 1;
  }
  if (text.length > 0 && text[text.length - 1] !== LF) parts.push("\n");
  parts.push("\n");
  return new Blob(parts);
}

/** Returns "Mon Mar  2 10:00:00 2020", in UTC, as RFC 4155 requires. */
export function ctime(date: Date): string {
  const [day, month] = [date.toUTCString().slice(0, 3), date.toUTCString().slice(8, 11)];
  const number = String(date.getUTCDate()).padStart(2, " ");
  return `${day} ${month} ${number} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`;
}

async function* linesOf(file: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = file.stream().getReader();
  let rest: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    let start = 0;
    for (let end = value.indexOf(LF); end >= 0; end = value.indexOf(LF, start)) {
      yield joined(rest, value.subarray(start, end + 1));
      rest = [];
      start = end + 1;
    }
    // A copy, because the browser may reuse its buffer.
    if (start < value.length) rest.push(value.slice(start));
  }
  if (rest.length > 0) yield joined(rest, new Uint8Array());
}

function joined(
  parts: Uint8Array<ArrayBuffer>[],
  last: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let at = 0;
  for (const part of [...parts, last]) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function unix(line: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (line.length < 2 || line[line.length - 2] !== 0x0d) return line;
  const bare = line.slice(0, -1);
  bare[bare.length - 1] = LF;
  return bare;
}

function starts(line: Uint8Array, with_: string): boolean {
  return ascii(line.subarray(0, with_.length)) === with_;
}

/** Returns the beginning of a line as characters: enough to tell what kind of line it is. */
function ascii(line: Uint8Array, most = 64): string {
  return String.fromCharCode(...line.subarray(0, most));
}
