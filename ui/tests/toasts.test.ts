import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toasts, UNDO_MS } from "../src/state/toasts.svelte.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  toasts.clear();
  vi.useRealTimers();
});

const held = () => ({ undo: vi.fn(), onend: vi.fn() });

test("a delayed action happens when the time of its notice is over", () => {
  const { undo, onend } = held();
  toasts.show("rejected", { undo, onend });
  vi.advanceTimersByTime(UNDO_MS - 1);
  expect(onend).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onend).toHaveBeenCalledOnce();
  expect(undo).not.toHaveBeenCalled();
});

test("after undo, the delayed action never happens", () => {
  const { undo, onend } = held();
  toasts.show("rejected", { undo, onend });
  expect(toasts.undoLast()).toBe(true);
  vi.advanceTimersByTime(10 * UNDO_MS);
  expect(undo).toHaveBeenCalledOnce();
  expect(onend).not.toHaveBeenCalled();
  expect(toasts.undoLast()).toBe(false);
});

test("after sign-out, the delayed action never happens", () => {
  const { undo, onend } = held();
  toasts.show("rejected", { undo, onend });
  toasts.clear();
  vi.advanceTimersByTime(10 * UNDO_MS);
  expect(onend).not.toHaveBeenCalled();
});

test("the time of a notice stops while the pointer is on it", () => {
  const { undo, onend } = held();
  const id = toasts.show("rejected", { undo, onend });
  vi.advanceTimersByTime(4_000);
  toasts.pause(id);
  vi.advanceTimersByTime(60_000);
  toasts.resume(id);
  vi.advanceTimersByTime(5_999);
  expect(onend).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onend).toHaveBeenCalledOnce();
});

const texts = () => toasts.items.map(({ text }) => text);

test("a notice that only says something gives way to the next one", () => {
  for (let i = 0; i < 3; i += 1) toasts.show(`note ${i}`);
  expect(texts()).toEqual(["note 2"]);
});

test("a notice pushes out only notices of its own kind", () => {
  for (let i = 0; i < 3; i += 1) toasts.show(`archived ${i}`, { undo: vi.fn() });
  for (let i = 0; i < 5; i += 1) toasts.show(`broken ${i}`, { kind: "error" });
  const kept = ["archived 1", "archived 2", "broken 1", "broken 2", "broken 3", "broken 4"];
  expect(texts()).toEqual(kept);
  for (let i = 0; i < 2; i += 1) toasts.show(`note ${i}`);
  expect(texts()).toEqual([...kept, "note 1"]);
  toasts.show("archived 3", { undo: vi.fn() });
  expect(texts()).toEqual([...kept.slice(1), "note 1", "archived 3"]);
});

test.each(["info", "error"] as const)(
  "what the server lets be undone until a deadline can be undone until then (%s)",
  (kind) => {
    toasts.show("sent", { kind, undo: vi.fn(), lastsMs: 30_000 });
    for (let i = 0; i < 5; i += 1) {
      toasts.show(`archived ${i}`, { undo: vi.fn() });
      toasts.show(`broken ${i}`, { kind: "error" });
      toasts.show(`note ${i}`);
    }
    vi.advanceTimersByTime(29_999);
    expect(toasts.items[0]).toMatchObject({ text: "sent", undo: expect.any(Function) });
    vi.advanceTimersByTime(1);
    expect(toasts.undoLast()).toBe(false);
  },
);

test("the notice of work in progress stays where it is, beside others and on other pages", () => {
  const id = toasts.show("0 of 9", { lastsMs: 600_000 });
  toasts.show("note");
  toasts.replace(id, "5 of 9", 600_000);
  vi.advanceTimersByTime(2_000);
  toasts.moved();
  toasts.show("another note");
  expect(texts()).toEqual(["5 of 9", "another note"]);
  expect(toasts.items[0]?.id).toBe(id);
  vi.advanceTimersByTime(500_000);
  toasts.replace(id, "6 of 9", 600_000);
  vi.advanceTimersByTime(599_999);
  expect(texts()).toEqual(["6 of 9"]);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
});

test("the notice of work in progress does not come back once it was dismissed", () => {
  const id = toasts.show("0 of 9", { lastsMs: 600_000 });
  toasts.end(id);
  toasts.replace(id, "5 of 9", 600_000);
  expect(texts()).toEqual([]);
});

test("on another page, a notice stays if it can be undone or has just come", () => {
  toasts.show("archived", { undo: vi.fn() });
  toasts.show("hello");
  toasts.moved();
  expect(toasts.items).toHaveLength(2);
  vi.advanceTimersByTime(1_500);
  toasts.moved();
  expect(toasts.items.map(({ text }) => text)).toEqual(["archived"]);
});

test("one notice is shown at a time, and what it hid comes back while its time lasts", () => {
  toasts.show("sent", { undo: vi.fn(), lastsMs: 15_000 });
  toasts.show("archived", { undo: vi.fn() });
  toasts.show("hello");
  expect(toasts.shown?.text).toBe("hello");
  vi.advanceTimersByTime(5_000);
  expect(toasts.shown?.text).toBe("archived");
  vi.advanceTimersByTime(5_000);
  expect(toasts.shown?.text).toBe("sent");
  vi.advanceTimersByTime(5_000);
  expect(toasts.shown).toBeNull();
});

test("the time of a notice that the pointer was on goes on once another one hides it", () => {
  const { undo, onend } = held();
  const id = toasts.show("rejected", { undo, onend });
  toasts.pause(id);
  toasts.show("hello");
  vi.advanceTimersByTime(UNDO_MS);
  expect(onend).toHaveBeenCalledOnce();
  expect(undo).not.toHaveBeenCalled();
});

test("an error stays until it is dismissed", () => {
  toasts.show("broken", { kind: "error" });
  vi.advanceTimersByTime(3_600_000);
  expect(toasts.items).toHaveLength(1);
});

test("an error outlasts the time in which it can be undone", () => {
  toasts.show("not sent", { kind: "error", undo: vi.fn(), lastsMs: 15_000 });
  vi.advanceTimersByTime(14_999);
  expect(toasts.items[0]?.undo).not.toBeNull();
  vi.advanceTimersByTime(1);
  expect(toasts.items).toMatchObject([{ text: "not sent", undo: null }]);
});

test("many notices never push out one that delays an action", () => {
  const { undo, onend } = held();
  toasts.show("rejected", { undo, onend });
  for (let i = 0; i < 10; i += 1) toasts.show(`note ${i}`);
  expect(onend).not.toHaveBeenCalled();
  expect(toasts.items[0]?.text).toBe("rejected");
  expect(toasts.items.length).toBeLessThanOrEqual(5);
});
