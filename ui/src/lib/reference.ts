// Reference numbers: twenty symbols of Crockford's alphabet.

const SYMBOLS = /^[0-9A-HJKMNP-TV-Z]{20}$/;

/**
 * Returns a typed reference number in the form in which it is printed; null if it cannot be one.
 * Letters that look like digits are read as Crockford's base32 prescribes.
 */
export function referenceTyped(text: string): string | null {
  const plain = text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  if (!SYMBOLS.test(plain)) return null;
  return plain.match(/.{5}/g)?.join("-") ?? null;
}
