// The text of a post: plain text with a few marks, split into what is shown. Nothing in it is ever taken
// as HTML.
//
// | written | shown |
// | --- | --- |
// | `> ` before lines | a quotation |
// | `- ` or `* ` before lines | a list |
// | `1. ` before lines | a numbered list |
// | lines between ``` | as they are typed |
// | `**bold**`, `*slanted*`, `` `typed` `` | within a line |

/** A piece of a line. */
export interface Span {
  kind: "text" | "bold" | "slanted" | "typed";
  text: string;
}

export type Block =
  | { kind: "text"; lines: Span[][] }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; numbered: boolean; items: Span[][] }
  | { kind: "typed"; text: string };

/** Quotations within quotations beyond this are shown as text. */
const DEPTH_MAX = 8;
const MARKS = /\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*|\*(?=\S)([^*\n]+?)(?<=\S)\*|`([^`\n]+)`/gu;
const KINDS = ["bold", "slanted", "typed"] as const;
const QUOTE = /^> ?/u;
const ITEM = /^(?:[-*]|(\d{1,4})[.)]) +(?=\S)/u;
const TICKS = "```";

/** Splits a line at its marks. */
export function spans(line: string): Span[] {
  const found: Span[] = [];
  let start = 0;
  for (const mark of line.matchAll(MARKS)) {
    if (mark.index > start) found.push({ kind: "text", text: line.slice(start, mark.index) });
    const at = mark.slice(1).findIndex((text) => text !== undefined);
    found.push({ kind: KINDS[at] ?? "text", text: mark[at + 1] ?? "" });
    start = mark.index + mark[0].length;
  }
  if (start < line.length || found.length === 0)
    found.push({ kind: "text", text: line.slice(start) });
  return found;
}

/** Splits a text into its blocks. */
export function marked(text: string, depth = 0): Block[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const taken = (is: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && is(lines[at] ?? "")) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
    } else if (line.startsWith(TICKS)) {
      at += 1;
      const typed = taken((one) => !one.startsWith(TICKS));
      at += 1;
      blocks.push({ kind: "typed", text: typed.join("\n") });
    } else if (QUOTE.test(line) && depth < DEPTH_MAX) {
      const quoted = taken((one) => QUOTE.test(one)).map((one) => one.replace(QUOTE, ""));
      blocks.push({ kind: "quote", blocks: marked(quoted.join("\n"), depth + 1) });
    } else if (ITEM.test(line)) {
      const numbered = /^\d/u.test(line);
      const items = taken((one) => ITEM.test(one) && /^\d/u.test(one) === numbered);
      const shown = items.map((one) => spans(one.replace(ITEM, "")));
      blocks.push({ kind: "list", numbered, items: shown });
    } else {
      const isText = (one: string) =>
        one.trim() !== "" &&
        !one.startsWith(TICKS) &&
        !ITEM.test(one) &&
        !(QUOTE.test(one) && depth < DEPTH_MAX);
      blocks.push({ kind: "text", lines: taken(isText).map(spans) });
    }
  }
  return blocks;
}

/** A text as a quotation of somebody, with room for an answer. */
export function quotation(who: string, text: string): string {
  const lines = text.split("\n").map((line) => (line === "" ? ">" : `> ${line}`));
  return `**${who}**\n${lines.join("\n")}\n\n`;
}
