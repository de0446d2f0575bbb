import { expect, test } from "vitest";
import { linked } from "../src/lib/linked.ts";

const links = (text: string) => linked(text).flatMap(({ href }) => href ?? []);

test.each([
  ["See https://a.example/x.", "https://a.example/x"],
  ["(https://a.example/b_(c))", "https://a.example/b_(c)"],
  ["<https://a.example/?q=1&r=[2]>, soon", "https://a.example/?q=1&r=[2]"],
  ["www.a.example: here", "https://www.a.example"],
  ["“HTTP://A.example/ä”", "HTTP://A.example/ä"],
  ["*https://a.example*", "https://a.example"],
])("in %j one can follow %s", (text, href) => {
  expect(links(text)).toEqual([href]);
});

test.each([
  "https://bank.example@evil.example/",
  "https://a.example/\u202egpj.exe",
  "https://localhost/",
  "https:// a.example",
  "javascript:alert(1)",
  "xhttps//a.example www. https://",
  `https://a.example/${"x".repeat(3_000)}`,
])("in %j one can follow nothing", (text) => {
  expect(links(text)).toEqual([]);
});

test("no character of a text is lost, and many links end in text", () => {
  const text = "a\nhttps://a.example\n\nhttps://b.example/ and www.c.example.\n";
  const parts = linked(text);
  expect(parts.map((part) => part.text).join("")).toBe(text);
  expect(links(text)).toHaveLength(3);
  const many = "https://a.example ".repeat(5_000);
  expect(
    linked(many)
      .map((part) => part.text)
      .join(""),
  ).toBe(many);
  expect(links(many)).toHaveLength(2_000);
  expect(linked("")).toEqual([{ text: "" }]);
});
