// The signature in a new message. A separate chunk: many people have none.
import type { Composer } from "./composer.svelte.ts";

/** Inserts it above the quotation. A text of nothing else is not worth a draft. */
export function sign(composer: Composer, signature: string): void {
  composer.text = withSignature(composer.text, signature);
  if (composer.html !== null) composer.html = withSignatureHtml(composer.html, signature);
  if (composer.draft) composer.changed();
  else composer.blank = composer.text;
}

/** Inserts a signature after a line of two dashes and a blank (RFC 3676 §4.3). */
export function withSignature(text: string, signature: string): string {
  return `\n\n-- \n${signature.trimEnd()}\n${text.trim() === "" ? "" : text}`;
}

export function withSignatureHtml(html: string, signature: string): string {
  const lines = signature.trimEnd().split("\n").map(escaped);
  return `<p></p><p>-- <br>${lines.join("<br>")}</p>${html}`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
