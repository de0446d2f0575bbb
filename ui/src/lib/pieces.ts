// Very long lines. A browser lays out a line as a whole, in far more than linear time: a megabyte
// without a line end takes it many seconds.

/** Lines beyond this are cut, at a blank if there is one. */
export const LINE_MAX = 10_000;
/** How far back a blank is searched for. */
const BLANK_BACK = 500;

/** Splits a text so that each piece can be laid out by itself; one without long lines is one. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let line = 0;
  while (text.length - line > LINE_MAX) {
    const end = text.indexOf("\n", line);
    if (end >= 0 && end - line <= LINE_MAX) {
      line = end + 1;
      continue;
    }
    // What comes before the long line is a piece of its own; its last line end is implied.
    if (line > start) found.push(text.slice(start, line - 1));
    const stop = end < 0 ? text.length : end;
    for (let at = line; at < stop;) {
      const next = at + LINE_MAX >= stop ? stop : cut(text, at);
      found.push(text.slice(at, next));
      at = next;
    }
    start = line = Math.min(stop + 1, text.length);
    if (stop === text.length) return found;
  }
  found.push(text.slice(start));
  return found;
}

/** Returns where to cut a line that begins at `at`: never within a character. */
function cut(text: string, at: number): number {
  const end = at + LINE_MAX;
  const blank = text.lastIndexOf(" ", end - 1);
  if (blank >= end - BLANK_BACK) return blank + 1;
  const code = text.charCodeAt(end);
  return code >= 0xdc00 && code <= 0xdfff ? end - 1 : end;
}
