// Announces text to screen readers without moving the focus.
const said = $state({ text: "" });

export function announce(text: string): void {
  // The same text twice is not read twice; a zero-width space makes it differ.
  said.text = said.text === text ? `${text}\u200b` : text;
}

export function announced(): string {
  return said.text;
}
