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

test("a notice that only says something gives way to the next one", () => {
  for (let i = 0; i < 3; i += 1) toasts.show(`note ${i}`);
  expect(toasts.items.map(({ text }) => text)).toEqual(["note 2"]);
  toasts.show("broken", { kind: "error" });
  for (let i = 0; i < 3; i += 1) toasts.show(`archived ${i}`, { undo: vi.fn() });
  expect(toasts.items.map(({ text }) => text)).toEqual(["broken", "archived 1", "archived 2"]);
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
