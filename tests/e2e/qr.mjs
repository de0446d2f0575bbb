// Reads a QR code that a page draws (ISO/IEC 18004), as far as the codes of keys need it: version 4, level
// M, one alphanumeric segment. Nothing in it is damaged, so that nothing is corrected.
import assert from "node:assert/strict";

const SIZE = 33;
/** Version 4 at level M: two blocks, each with 32 codewords of data. */
const [BLOCKS, DATA] = [2, 32];
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const MASKS = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** Whether a module belongs to a pattern, or to the information about the format. */
function isFixed(x, y) {
  const corner = (x < 9 && y < 9) || (x >= SIZE - 8 && y < 9) || (x < 9 && y >= SIZE - 8);
  const aligns = Math.abs(x - 26) <= 2 && Math.abs(y - 26) <= 2;
  return corner || aligns || x === 6 || y === 6;
}

/** The bits of the data, in the order in which they are drawn. */
function bitsOf(dark, mask) {
  const bits = [];
  for (let right = SIZE - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < SIZE; step += 1)
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? SIZE - 1 - step : step;
        if (!isFixed(x, y)) bits.push(Number(dark(x, y) !== (MASKS[mask](x, y) === 0)));
      }
  }
  return bits;
}

/** Returns the text of a code that is drawn by this path. */
export function qrText(size, path) {
  assert.equal(size, SIZE);
  const modules = new Set(
    [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x} ${y}`),
  );
  const dark = (x, y) => modules.has(`${x} ${y}`);
  const places = [0, 1, 2, 3, 4, 5, 7, 8].map((y) => [8, y]);
  places.push([7, 8], ...[5, 4, 3, 2, 1, 0].map((x) => [x, 8]));
  const format = places.reduce((sum, [x, y], bit) => sum | (Number(dark(x, y)) << bit), 0) ^ 0x5412;
  assert.equal(format >> 13, 0, "level M");
  const drawn = bitsOf(dark, (format >> 10) & 7);
  const codewords = Array.from({ length: BLOCKS * DATA }, (_, at) =>
    drawn.slice(8 * at, 8 * at + 8),
  );
  // The blocks are drawn by turns.
  const blocks = Array.from({ length: BLOCKS }, (_, block) =>
    codewords.filter((_, at) => at % BLOCKS === block),
  );
  const bits = blocks.flat(2);
  const take = (count) => bits.splice(0, count).reduce((sum, bit) => sum * 2 + bit, 0);
  assert.equal(take(4), 2, "alphanumeric");
  let [left, text] = [take(9), ""];
  for (; left > 1; left -= 2) {
    const pair = take(11);
    text += ALPHABET[Math.floor(pair / 45)] + ALPHABET[pair % 45];
  }
  return left === 1 ? text + ALPHABET[take(6)] : text;
}
