// What is the address of a link. Not part of the editor, so that others need not load it.

const WEB = /^https?:[/]{2}/i;
const ADDRESS = /^[^\s@<>"(),:;]+@[^\s@<>"(),:;]+\.[\p{L}\p{N}-]{2,}$/u;
const HOST = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}(?::\d+)?(?:[/?#]\S*)?$/u;

/** Reads what a user entered as the address of a link; null if it is none. */
export function hrefOf(text: string): string | null {
  const typed = text.trim();
  if (ADDRESS.test(typed)) return `mailto:${typed}`;
  if (/^mailto:/i.test(typed)) return ADDRESS.test(typed.slice("mailto:".length)) ? typed : null;
  const href = HOST.test(typed) ? `https:${"//"}${typed}` : typed;
  return WEB.test(href) && !/\s/.test(href) && URL.canParse(href) ? href : null;
}

/** Like `hrefOf`, but a word with a dot in it is not a link unless it says that it is one. */
export function hrefTyped(word: string): string | null {
  return WEB.test(word) || /^www\./i.test(word) || ADDRESS.test(word) ? hrefOf(word) : null;
}
