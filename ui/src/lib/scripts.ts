// Finds words that look like other words because their letters are from several alphabets: "pаypal"
// with a Cyrillic а. Only alphabets that look alike count; a Hebrew prefix before a Latin word is
// fine.
const ALIKE = ["Latin", "Cyrillic", "Greek", "Armenian", "Cherokee"].map(
  (script) => new RegExp(`\\p{Script=${script}}`, "u"),
);

/** Returns the first word of a text that mixes such alphabets. */
export function mixedWord(text: string): string | null {
  const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.find((word) => ALIKE.filter((script) => script.test(word)).length > 1) ?? null;
}
