// What a screen reader is told without the focus moving.
const said = $state({ text: "" });

export function announce(text: string): void {
  // The same words twice are not read twice; a zero-width space makes them new.
  said.text = said.text === text ? `${text}\u200b` : text;
}

export function announced(): string {
  return said.text;
}
