// Reference numbers: twenty symbols of Crockford's alphabet.

const SYMBOLS = /^[0-9A-HJKMNP-TV-Z]{20}$/;

/**
 * A reference number as people type it, in the form it is printed; null when it cannot
 * be one. Crockford's messages that look alike are taken for what they look like.
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
