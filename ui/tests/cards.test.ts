// Files of contacts are cut into parts with whole contacts.
import { expect, test } from "vitest";
import { hasCards, partsOf, textOf } from "../src/lib/cards.ts";

const card = (name: string) => `BEGIN:VCARD\nFN:${name}\nEND:VCARD\n`;

test("cards are cut between cards", () => {
  const text = Array.from({ length: 450 }, (_, at) => card(String(at))).join("");
  const parts = [...partsOf(text)];
  expect(parts.map(({ text }) => text).join("")).toBe(text);
  expect(parts.map(({ before }) => before)).toEqual([0, 200, 400]);
  expect(parts.at(-1)?.reached).toBe(1);
  for (const part of parts) expect(part.text.startsWith("BEGIN:VCARD")).toBe(true);
});

test("a long card stands alone", () => {
  const long = card("x".repeat(1 << 20));
  const parts = [...partsOf(card("a") + long + card("b"))];
  expect(parts.map(({ text }) => text)).toEqual([card("a"), long, card("b")]);
});

test("rows are cut between rows, each part with the names of the columns", () => {
  const rows = Array.from({ length: 201 }, (_, at) => `"a\n""${at}",b\n`);
  const parts = [...partsOf(`Name,Email\n${rows.join("")}`)];
  expect(parts).toHaveLength(2);
  for (const { text } of parts) expect(text.startsWith('Name,Email\n"a\n""')).toBe(true);
  expect(parts[1]?.before).toBe(200);
  expect([...partsOf("Name,Email\nx,y")].map(({ text }) => text)).toEqual(["Name,Email\nx,y"]);
  expect([...partsOf("")]).toEqual([]);
});

test("files are read in the encodings that programs write", () => {
  const octets = (...list: number[]) => new Uint8Array(list).buffer;
  expect(textOf(octets(0xc3, 0xa9))).toBe("é");
  expect(textOf(octets(0xe9))).toBe("é");
  expect(textOf(octets(0xff, 0xfe, 0xe9, 0))).toBe("é");
  expect(textOf(octets(0xfe, 0xff, 0, 0xe9))).toBe("é");
  expect(hasCards(card("a"))).toBe(true);
  expect(hasCards("Name\nBEGIN:VCARD,x")).toBe(false);
});

test("a file of blank lines is looked at once", () => {
  const begun = performance.now();
  expect(hasCards("\n".repeat(1 << 20))).toBe(false);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(hasCards(" \r\n begin:vcard \r\n")).toBe(true);
});
