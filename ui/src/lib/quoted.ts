// Finds where the new text of a message ends and its quotation begins.

/** "On Monday, Dana wrote:" and the like, in any language: a line that ends with a colon. */
const LEAD = /[:：]\s*$/u;
const FORWARDED = /^-{5,}.*-{5,}\s*$/u;

/**
 * Splits a text into what was written and what it quotes at its end. A quotation that is answered
 * line by line stays where it is, because the answers make no sense without it.
 */
export function quotedSplit(text: string): [own: string, quoted: string] {
  const lines = text.split("\n");
  let at = lines.length;
  while (at > 0 && isQuoted(lines[at - 1] ?? "")) at -= 1;
  const first = lines.findIndex((line) => FORWARDED.test(line));
  if (first > 0 && first < at) at = first;
  const quoted = lines.slice(at);
  if (!quoted.some((line) => line.trimStart().startsWith(">") || FORWARDED.test(line)))
    return [text, ""];
  // The line that says who is quoted belongs to the quotation; it may be wrapped over two lines.
  let lead = at;
  while (lead > 0 && (lines[lead - 1] ?? "").trim() === "") lead -= 1;
  if (lead > 0 && LEAD.test(lines[lead - 1] ?? "")) {
    const begins = lead > 1 && (lines[lead - 2] ?? "").trim() !== "" ? lead - 2 : lead - 1;
    at = (lines[lead - 1] ?? "").length < 40 ? begins : lead - 1;
  }
  const own = lines.slice(0, at).join("\n");
  if (own.trim() === "") return [text, ""];
  return [own.trimEnd(), lines.slice(at).join("\n")];
}

function isQuoted(line: string): boolean {
  const trimmed = line.trim();
  return trimmed === "" || trimmed.startsWith(">");
}
