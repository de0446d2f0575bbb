import { expect, test, vi } from "vitest";
import { EventParser } from "../src/api/sse.ts";
import { keyName } from "../src/state/keys.svelte.ts";
import { backoff } from "../src/state/live.ts";
import { probing } from "../src/state/probing.ts";
import { session } from "../src/state/session.svelte.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const stream = ': hello\n\nevent: change\nid: 7\ndata: {"kind":"mail"}\n\ndata: a\ndata: b\n\n';
const events = [
  { event: "change", id: "7", data: '{"kind":"mail"}' },
  { event: "message", id: null, data: "a\nb" },
];

test.each([
  ["LF", stream],
  ["CRLF", stream.replaceAll("\n", "\r\n")],
  ["CR", stream.replaceAll("\n", "\r") + "\r"],
])("events are the same however the stream is split (%s)", (_name, text) => {
  for (const size of [1, 2, 3, 7, text.length]) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < text.length; at += size)
      found.push(...parser.push(bytes(text.slice(at, at + size))));
    expect(found).toEqual(events);
  }
});

test("an incomplete event is not delivered", () => {
  expect(new EventParser().push(bytes("data: half\n"))).toEqual([]);
});

test("a message split between two chunks stays whole", () => {
  const parser = new EventParser();
  const all = bytes("data: שלום\n\n");
  expect([...parser.push(all.slice(0, 7)), ...parser.push(all.slice(7))][0]?.data).toBe("שלום");
});

test("the delay between retries grows, within bounds", () => {
  expect([0, 1, 2, 3].map((tries) => backoff(tries, 1))).toEqual([1000, 2000, 4000, 8000]);
  expect(backoff(50, 1)).toBe(30_000);
  expect(backoff(0, 0)).toBe(500);
});

test("the page is offline as soon as the browser says so, until the server has answered", () => {
  expect(session.online).toBe(true);
  dispatchEvent(new Event("offline"));
  expect(session.online).toBe(false);
});

test("while offline, the server is probed, and at once when the browser is online again", () => {
  vi.useFakeTimers();
  const probe = vi.fn();
  const stop = probing(probe);
  vi.advanceTimersByTime(8_000);
  expect(probe).toHaveBeenCalledTimes(2);
  dispatchEvent(new Event("online"));
  expect(probe).toHaveBeenCalledTimes(3);
  stop();
  vi.advanceTimersByTime(8_000);
  expect(probe).toHaveBeenCalledTimes(3);
  vi.useRealTimers();
});

test.each([
  ["j", false, false, "j"],
  ["I", true, false, "Shift+I"],
  ["?", true, false, "?"],
  ["#", true, false, "#"],
  ["i", false, true, "g i"],
  ["g", false, true, "g"],
  ["Escape", false, false, "Escape"],
])("key %s (shift %s, after g %s) is %s", (key, shiftKey, afterG, name) => {
  expect(keyName({ key, shiftKey }, afterG)).toBe(name);
});
