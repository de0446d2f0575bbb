import { expect, test } from "vitest";
import type { Item, Mailbox, Page } from "../src/api/types.ts";
import * as win from "../src/state/window.ts";
import { boxLike, fromLike, itemLike } from "./fixtures.ts";

/** Returns a message named by a letter; `a` is the newest. */
function item(reference: string, over: Partial<Item> = {}): Item {
  const minute = String(59 - (reference.codePointAt(0) ?? 0) + 97).padStart(2, "0");
  return itemLike({
    reference,
    from: fromLike({ name: `Sender ${reference}`, address: `${reference}@example.org` }),
    subject: `Subject ${reference}`,
    receivedAt: `2026-11-23T10:${minute}:00Z`,
    ...over,
  });
}

const items = Object.fromEntries([..."abcdef"].map((ref) => [ref, item(ref)]));
const page = (refs: string, next: string | null): Page => ({
  ...{ state: "1", total: 9, unread: 0, next },
  items: [...refs].map((ref) => item(ref)),
});

test("an older page is appended, without duplicates of messages that moved between two requests", () => {
  const first = win.append(win.EMPTY, page("abc", "c"));
  expect(win.append(first, page("cde", null))).toEqual({
    refs: [..."abcde"],
    next: null,
  });
});

test.each([
  ["a", "bcd", null, "abcd"],
  ["c", "abd", null, "abcd"],
  ["f", "abc", null, "abcf"],
  ["f", "abc", "more", "abc"],
  ["b", "abc", null, "abc"],
  ["a", "", null, "a"],
])("%s finds its place in %s (next: %s)", (ref, before, next, after) => {
  const window = win.insert({ refs: [...before], next }, item(ref), items);
  expect(window.refs.join("")).toBe(after);
});

test("counts follow a message that is read, moved and deleted", () => {
  const box = (id: string, total: number, unread: number): Mailbox =>
    boxLike({ id, total, unread });
  const boxes = [box("in", 3, 2), box("out", 0, 0)];
  const unread = item("a", { unread: true });
  const counts = (after: Item | null) =>
    win.recount(boxes, unread, after).map(({ total, unread }) => [total, unread]);
  expect(counts({ ...unread, unread: false })).toEqual([
    [3, 1],
    [0, 0],
  ]);
  expect(counts({ ...unread, mailbox: "out" })).toEqual([
    [2, 1],
    [1, 1],
  ]);
  expect(counts(null)).toEqual([
    [2, 1],
    [0, 0],
  ]);
});

test("undo moves each message back to where it was, with one request per mailbox", () => {
  const before = [item("a"), item("b", { mailbox: "x" }), item("c"), item("d", { mailbox: "bin" })];
  expect(win.inverse(before, { mailbox: "bin" })).toEqual([
    { references: ["a", "c"], change: { mailbox: "in" } },
    { references: ["b"], change: { mailbox: "x" } },
  ]);
});

test("undo of a flag ignores messages that already had it", () => {
  const before = [item("a", { starred: true }), item("b")];
  expect(win.inverse(before, { starred: true })).toEqual([
    { references: ["b"], change: { starred: false } },
  ]);
});

test.each([
  ["b", "d", "bcd"],
  ["d", "b", "bcd"],
  [null, "c", "c"],
  ["z", "c", "c"],
])("Shift-click from %s to %s takes %s", (from, to, taken) => {
  expect(win.range([..."abcde"], from, to).join("")).toBe(taken);
});

test.each([
  ["b", "b", "c"],
  ["c", "cd", "e"],
  ["e", "e", "d"],
  ["e", "cde", "b"],
  ["a", "abcde", null],
])("if %s is selected and %s leave, %s is selected next", (current, gone, lands) => {
  expect(win.neighbour([..."abcde"], current, new Set(gone))).toBe(lands);
});

test("the filter requires every word, in sender, subject or reference", () => {
  const one = item("a", { subject: "Signed lease", reference: "G7K2-M4QX" });
  expect(win.matches(one, "LEASE sender")).toBe(true);
  expect(win.matches(one, "g7k2")).toBe(true);
  expect(win.matches(one, "lease invoice")).toBe(false);
  expect(win.matches(one, "lease 7k")).toBe(false);
});
