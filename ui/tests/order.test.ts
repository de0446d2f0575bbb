// Conversations, quotations, the terms of a search, and mbox files.
import { expect, test } from "vitest";
import type { Item, Flags } from "../src/api/types.ts";
import { ctime, mboxPart, messagesOf } from "../src/lib/mbox.ts";
import { pieces, without } from "../src/lib/query.ts";
import { quotedSplit } from "../src/lib/quoted.ts";
import { changed, grouped, inverse } from "../src/state/window.ts";
import { itemLike } from "./fixtures.ts";

function item(reference: string, given: Partial<Item> = {}): Item {
  return itemLike({ reference, mailbox: "1", ...given });
}

test("messages of one conversation form one group, in their order", () => {
  const all = [
    item("c", { conversation: "x" }),
    item("b"),
    item("a", { conversation: "x" }),
    item("d", { conversation: "y" }),
  ];
  const groups = grouped(all);
  expect([...groups.keys()]).toEqual(["x", "y"]);
  expect(groups.get("x")?.map((one) => one.reference)).toEqual(["c", "a"]);
});

test("undo removes a label that was added, and keeps one that was there before", () => {
  const before = [item("a"), item("b", { labels: [3] })];
  expect(before.map((one) => changed(one, { label: 3 }).labels)).toEqual([[3], [3]]);
  expect(inverse(before, { label: 3 })).toEqual([
    { references: ["a"], change: { removeLabel: 3 } },
  ]);
  expect(inverse(before, { removeLabel: 3 })).toEqual([
    { references: ["b"], change: { label: 3 } },
  ]);
  // The same for messages of which only the flags are known.
  const marks = (reference: string, labels: number[]): Flags => ({
    ...{ reference, mailbox: "in", unread: false, starred: false, conversation: null, labels },
  });
  const all = [marks("a", []), marks("b", [3])];
  expect(inverse(all, { label: 3 })).toEqual([{ references: ["a"], change: { removeLabel: 3 } }]);
});

test.each([
  ["Hello\n\nBye", ["Hello\n\nBye", ""]],
  ["Yes.\n\nOn Monday Dana wrote:\n> one\n> two", ["Yes.", "On Monday Dana wrote:\n> one\n> two"]],
  ["כן.\n\nדנה כתבה:\n> אחת\n", ["כן.", "דנה כתבה:\n> אחת\n"]],
  // Answered line by line: only the quotation at the end is folded.
  ["> one\nyes\n> two\nno", ["> one\nyes\n> two\nno", ""]],
  ["> one\nyes\n\n> two", ["> one\nyes", "\n> two"]],
  // No text of one's own: then the quotation is the text to read, and is not folded.
  ["> one\n> two", ["> one\n> two", ""]],
  [
    "See below\n\n---------- Forwarded message ---------\nFrom: x",
    ["See below", expect.any(String)],
  ],
])("%j is split where the quotation begins", (text, wanted) => {
  const [own, quoted] = quotedSplit(text);
  expect([own, quoted]).toEqual(wanted);
});

test("a search is split at blanks outside quotes, and any term can be removed", () => {
  const query = 'from:dana "to be" -label:"old things" x';
  expect(pieces(query)).toEqual(["from:dana", '"to be"', '-label:"old things"', "x"]);
  expect(without(query, 2)).toBe('from:dana "to be" x');
  expect(without("one", 0)).toBe("");
});

async function texts(file: string, max = 1_000): Promise<(string | null)[]> {
  const all: (string | null)[] = [];
  for await (const { octets } of messagesOf(new Blob([file]), max))
    all.push(octets === null ? null : await octets.text());
  return all;
}

test("an mbox is many messages, and an .eml is one", async () => {
  const mbox =
    "From a@x Mon Mar  2 10:00:00 2020\nA: 1\n\n>From here\n>>From\n\nFrom b@x\nB: 2\n\nx";
  expect(await texts(mbox)).toEqual(["A: 1\n\nFrom here\n>>From\n", "B: 2\n\nx"]);
  expect(await texts("A: 1\n\nFrom here\n>From")).toEqual(["A: 1\n\nFrom here\n>From"]);
  expect(await texts("")).toEqual([]);
});

test("a separator that has lost its address still separates", async () => {
  const mbox = "From a@x Mon Mar  2 10:00:00 2020\nA: 1\n\none\n\nFrom \nB:\n 2\n\ntwo\n";
  expect(await texts(mbox)).toEqual(["A: 1\n\none\n", "B:\n 2\n\ntwo\n"]);
  expect(await texts("From \nA: 1\n\none\n\nFrom \nB: 2\n")).toEqual(["A: 1\n\none\n", "B: 2\n"]);
  // What no header follows is text.
  const text = "A: 1\n\none\n\nFrom \nher to him.\n";
  expect(await texts(`From a@x\n${text}\nFrom b@x\nB: 2\n`)).toEqual([text, "B: 2\n"]);
  expect(await texts("From a@x\nA: 1\n\none\n\nFrom ")).toEqual(["A: 1\n\none\n\nFrom "]);
});

test("a message that is too large is left out, and the next one is not", async () => {
  const mbox = `From a\nA: ${"x".repeat(2_000)}\n\nFrom b\nB: 2\n`;
  expect(await texts(mbox)).toEqual([null, "B: 2\n"]);
});

test("what is written to an mbox is read back unchanged", async () => {
  const messages = ["A: 1\r\n\r\nFrom here\r\n>From there\r\n", "B: 2\r\n\r\nno end"];
  const parts = await Promise.all(
    messages.map((message) =>
      mboxPart(new Blob([message]), "a@x", new Date("2020-03-02T10:00:00Z")),
    ),
  );
  const back = await texts(await new Blob(parts).text());
  // A last line without a line end gets one, and nothing else is added.
  expect(back).toEqual(["A: 1\n\nFrom here\n>From there\n", "B: 2\n\nno end\n"]);
});

test("an unescaped From line in the text does not split a message", async () => {
  const text = "A: 1\n\nIt was so.\nFrom a@x Mon Mar  2 10:00:00 2020\n\nFrom now on it is not.\n";
  const mbox = `From a@x Mon Mar  2 10:00:00 2020\n${text}\nFrom b@x Tue Mar  3 9:00 2020\nB: 2\n\n`;
  expect(await texts(mbox)).toEqual([text, "B: 2\n"]);
  // Some programs begin a file like this.
  for (const begin of ["\uFEFF", "\n", "\r\n\r\n"])
    expect(await texts(`${begin}${mbox}`)).toEqual([text, "B: 2\n"]);
});

test("a day with one digit has a blank before it (RFC 4155)", () => {
  expect(ctime(new Date("2020-03-02T10:00:05Z"))).toBe("Mon Mar  2 10:00:05 2020");
});

test.each([
  ["From a@x Sun May 13 03:00:07 2001", "2001-05-13T03:00:07.000Z"],
  ["From - Tue Jul  4 08:55:07 2007", "2007-07-04T08:55:07.000Z"],
  ["From a@x Sun May 13 03:00 2001", "2001-05-13T03:00:00.000Z"],
  ["From a@x Sun May 13 03:00:07 +0200 2001", "2001-05-13T01:00:07.000Z"],
  ["From a@x Sun May 13 03:00:07 2001 -0730", "2001-05-13T10:30:07.000Z"],
  ["From a@x", undefined],
  ["From a@x Sun Foo 99 27:00:07 2001", undefined],
])("the separator %s says when the message came", async (line, time) => {
  const found = [];
  const file = new Blob([`${line}\nA: 1\n\none\n\nFrom b@x\nB: 2\n`]);
  for await (const { received } of messagesOf(file, 1_000)) found.push(received?.toISOString());
  expect(found).toEqual([time, undefined]);
});
