import { expect, test } from "vitest";
import { LINE_MAX, pieces } from "../src/lib/pieces.ts";

test("an ordinary text is one piece", () => {
  for (const text of ["", "a", "a\n\nb\n", "line\n".repeat(50_000)])
    expect(pieces(text)).toEqual([text]);
});

test("a very long line is cut, and nothing of it is lost", () => {
  const words = "word ".repeat(100_000).trimEnd();
  const cut = pieces(words);
  expect(cut.join("")).toBe(words);
  for (const piece of cut) expect(piece.length).toBeLessThanOrEqual(LINE_MAX);
  expect(cut.slice(0, -1).every((piece) => piece.endsWith(" "))).toBe(true);
  const long = "x".repeat(25_000);
  const [before, a, b, c, after] = pieces(`first\nsecond\n${long}\nlast\n`);
  expect([before, after]).toEqual(["first\nsecond", "last\n"]);
  expect([a, b, c].join("")).toBe(long);
});

test("no character is cut in two", () => {
  const faces = "a" + "\u{1f600}".repeat(20_000);
  const cut = pieces(faces);
  expect(cut.join("")).toBe(faces);
  // Half a character cannot be written in a URL.
  for (const piece of cut) expect(() => encodeURIComponent(piece)).not.toThrow();
});
