/** P-64, P-66: a room as its page shows it, with simulated answers and a simulated stream. */
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Line, Person, Room } from "../src/api/rooms.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { begun, completed, mentioned, offered } from "../src/lib/mention.ts";
import { badge } from "../src/state/badge.svelte.ts";
import { start } from "../src/state/chatting.svelte.ts";
import { rooms } from "../src/state/rooms.svelte.ts";
import { session } from "../src/state/session.svelte.ts";
import RoomPage from "../src/views/chat/RoomPage.svelte";

const ROOM = "01KAN-5Q7DC-8E2XV-M9T4H";
const many: Person[] = Array.from({ length: 149 }, (_, at) => ({
  ...{ id: `p${at}`, name: `Person ${at}`, address: `p${at}@example.org`, outside: false },
}));
let isLarge = false;
let mutes = false;
let sent: Record<string, unknown>[] = [];
const dana: Person = { id: "d", name: "Dana", address: "dana@example.org", outside: false };
let said: Line[] = [];
let asked: string[] = [];
let refuses = false;
let page: Record<string, unknown> | null = null;

const line = (number: number, text: string, given: Partial<Line> = {}): Line => ({
  ...{ number, reference: `R${number}`, at: "2026-11-30T10:00:00Z", who: "d", own: false },
  ...{ kind: "said", by: null, text, inReplyTo: null, mentions: [], files: [], edited: null },
  reactions: [],
  ...given,
});

const room = (): Room => ({
  ...{ id: ROOM, kind: "room", name: "Plans", other: null, version: 1, sharesEarlier: true },
  ...{ controller: false, first: 1, last: said.length, read: said.length, unread: 0 },
  ...{ requests: 0, shows: true, mutes, fileOctets: 1 << 20, voiceMinutes: 10 },
});

function answered(method: string, { pathname, searchParams }: URL, body: unknown): unknown {
  if (pathname.endsWith("/find")) {
    sent.push(body as Record<string, unknown>);
    return { items: [{ room: ROOM, line: line(1, "one") }], persons: [dana], whole: true };
  }
  if (pathname.endsWith("/members") && isLarge) {
    const offset = Number(searchParams.get("offset") ?? 0);
    const items = [dana, ...many].slice(offset, offset + 100).map((person) => ({
      ...{ person, controller: person === dana, since: "", reading: true, here: true, own: false },
    }));
    return { items, total: 150 };
  }
  if (pathname.endsWith("/members"))
    return {
      items: [{ person: dana, controller: true, since: "", reading: true, here: true, own: false }],
      total: 1,
    };
  if (pathname === "/api/rooms") return { items: [room()], asked: [] };
  if (pathname === `/api/rooms/${ROOM}`) return room();
  if (pathname.endsWith("/typing")) return {};
  if (method === "POST") {
    const { text } = body as { text: string };
    sent.push(body as Record<string, unknown>);
    said = [...said, line(said.length + 1, text, { own: true })];
    return { number: said.length, reference: "R" };
  }
  const after = Number(searchParams.get("after") ?? -1);
  const before = Number(searchParams.get("before") ?? Infinity);
  const fits = said.filter((one) => one.number > after && one.number < before);
  const items = before === Infinity ? fits.slice(0, 100) : fits.slice(-100);
  return { items, persons: [dana], first: 1, last: said.length };
}

beforeEach(async () => {
  [said, asked, refuses] = [[line(1, "one"), line(2, "two")], [], false];
  [isLarge, mutes, sent] = [false, false, []];
  await languageUse("en");
  vi.stubGlobal("isSecureContext", true);
  Element.prototype.scrollIntoView = () => {};
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const method = init.method ?? "GET";
    asked.push(`${method} ${url.pathname}${url.search}`);
    if (refuses) throw new TypeError("Failed to fetch");
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : null;
    const isChange = method === "PUT";
    return new Response(isChange ? null : JSON.stringify(answered(method, url, body)), {
      status: isChange ? 204 : 200,
      headers: { "Content-Type": "application/json" },
    });
  });
});

afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  session.online = true;
  session.account = null;
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

async function opened(): Promise<void> {
  page = mount(RoomPage, {
    target: document.body,
    props: { id: ROOM, onchanged: () => {}, onread: () => {} },
  });
  await vi.waitFor(() => expect(texts()).toEqual(said.map((one) => one.text)));
  await tick();
  asked = [];
}

const texts = () =>
  [...document.querySelectorAll("[data-testid=line-text]")].map((one) => one.textContent);
const heard = (detail: unknown) => window.dispatchEvent(new CustomEvent("chat", { detail }));
const comes = (one: Line) => heard({ kind: "chat-line", room: ROOM, line: one, person: dana });
const lines = () => asked.filter((one) => one.includes("/lines"));

test("a line that comes by itself is shown without a request", async () => {
  await opened();
  comes(line(3, "three"));
  await vi.waitFor(() => expect(texts()).toEqual(["one", "two", "three"]));
  comes(line(3, "three"));
  comes(line(4, "four"));
  await vi.waitFor(() => expect(texts()).toEqual(["one", "two", "three", "four"]));
  expect(lines()).toEqual([]);
});

test("only where a number is missing it is asked for", async () => {
  await opened();
  said = [...said, line(3, "three"), line(4, "four")];
  comes(line(4, "four"));
  await vi.waitFor(() => expect(texts()).toEqual(["one", "two", "three", "four"]));
  expect(lines()).toEqual([`GET /api/rooms/${ROOM}/lines?after=2`]);
});

test("after the stream was away the page shows what it missed, and what changed meanwhile", async () => {
  await opened();
  said = [line(1, "one, changed"), line(2, "", { kind: "deleted", text: null }), line(3, "three")];
  window.dispatchEvent(new CustomEvent("chat"));
  await vi.waitFor(() => expect(texts()).toEqual(["one, changed", "three"]));
});

test("that somebody left is shown with the hint about the members", async () => {
  await opened();
  said = [...said, line(3, "", { kind: "left", text: null })];
  heard({ kind: "chat", state: `${ROOM} members` });
  const events = () => document.querySelector("[data-testid=line-event]")?.textContent;
  await vi.waitFor(() => expect(events()).toBe("Dana left."));
});

test("what comes while a room is read leaves no hole", async () => {
  said = Array.from({ length: 300 }, (_, n) => line(n + 1, `line ${n + 1}`));
  const answers = fetch as unknown as (url: URL, init: RequestInit) => Promise<Response>;
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    if (url.searchParams.has("before")) await held;
    return answers(url, init);
  });
  page = mount(RoomPage, {
    target: document.body,
    props: { id: ROOM, onchanged: () => {}, onread: () => {} },
  });
  await vi.waitFor(() => expect(document.querySelector("[data-testid=lines]")).not.toBeNull());
  asked = [];
  said = [...said, line(301, "line 301")];
  comes(line(301, "line 301"));
  await tick();
  go();
  await vi.waitFor(() => expect(texts().at(-1)).toBe("line 301"));
  expect(asked.filter((one) => one.includes("after=0"))).toEqual([]);
  const numbers = texts().map((text) => Number(text?.slice(5)));
  expect(numbers).toEqual(numbers.map((_, n) => (numbers[0] ?? 0) + n));
});

test("a line that was not sent is kept, and sent once when it is tried again", async () => {
  await opened();
  const field = document.querySelector<HTMLTextAreaElement>("[data-testid=room-text]");
  if (field === null) throw new Error("there is no field");
  const say = async (text: string | null) => {
    if (text !== null) field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.form?.dispatchEvent(new Event("submit", { cancelable: true }));
    await tick();
  };
  refuses = true;
  await say("not lost");
  await vi.waitFor(() => expect(field.value).toBe("not lost"));
  await vi.waitFor(() =>
    expect(document.querySelector("[data-testid=room-problem]")?.textContent).not.toBe(""),
  );
  refuses = false;
  await say(null);
  await vi.waitFor(() => expect(texts()).toEqual(["one", "two", "not lost"]));
  expect(field.value).toBe("");
});

test("what is unread is counted on every page, and not what somebody looks at", async () => {
  const stop = start();
  await vi.waitFor(() => expect(rooms.all?.items.length).toBe(1));
  comes(line(3, "three"));
  await vi.waitFor(() => expect(badge.chat).toBe(1));
  comes(line(4, "mine", { own: true }));
  comes(line(5, "five"));
  await vi.waitFor(() => expect(badge.chat).toBe(2));
  rooms.seen(ROOM, 5);
  await vi.waitFor(() => expect(badge.chat).toBe(0));
  rooms.shown = ROOM;
  comes(line(6, "six"));
  comes(line(7, "seven"));
  await tick();
  expect(badge.chat).toBe(0);
  rooms.shown = null;
  comes(line(8, "eight"));
  await vi.waitFor(() => expect(badge.chat).toBe(1));
  // Who is taken out of a room reads the list again.
  asked = [];
  heard({ kind: "chat", state: `${ROOM} out` });
  await vi.waitFor(() => expect(asked).toContain("GET /api/rooms"), { timeout: 5_000 });
  stop();
  expect(badge.chat).toBe(0);
});

const people = [
  { id: "a", name: "Dana Levi" },
  { id: "b", name: "Dan" },
  { id: "c", name: "דנה" },
];

test("a name is offered while it is typed behind an @, and put in its place", () => {
  expect([begun("hi @", 4), begun("hi @da", 6), begun("@le", 3)]).toEqual(["", "da", "le"]);
  expect([begun("a@b", 3), begun("hi @da no", 9), begun("hi", 2)]).toEqual([null, null, null]);
  expect(offered(people, "da").map(({ id }) => id)).toEqual(["a", "b"]);
  expect(offered(people, "le").map(({ id }) => id)).toEqual(["a"]);
  expect(offered(people, "").length).toBe(3);
  expect(completed("hi @da, you", 6, "Dana Levi")).toEqual(["hi @Dana Levi , you", 14]);
});

test("a line is for those whom it names whole", () => {
  expect(mentioned(people, "@Dana Levi and @דנה")).toEqual(["a", "c"]);
  expect(mentioned(people, "@Dana, @Dan")).toEqual(["b"]);
  expect(mentioned(people, "Dan, dan@example.org")).toEqual([]);
});

async function says(text: string): Promise<void> {
  const field = document.querySelector<HTMLTextAreaElement>("[data-testid=room-text]");
  if (field === null) throw new Error("there is no field");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.form?.dispatchEvent(new Event("submit", { cancelable: true }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
}

test("somebody is mentioned who is not among the members that are shown at first", async () => {
  isLarge = true;
  await opened();
  await says("Look, @Person 120");
  expect(sent[0]?.["mentions"]).toEqual(["p120"]);
  // Without a mention, nobody reads the other members.
  expect(asked.filter((one) => one.includes("/members"))).toHaveLength(1);
});

test("in a muted room only what is meant for oneself counts", async () => {
  mutes = true;
  session.account = { ...session.account, id: "me" } as typeof session.account;
  const stop = start();
  await vi.waitFor(() => expect(rooms.all?.items.length).toBe(1));
  comes(line(3, "to all"));
  comes(line(4, "to me", { mentions: ["me"] }));
  comes(line(5, "to another", { mentions: ["d"] }));
  await vi.waitFor(() => expect(badge.chat).toBe(1));
  rooms.seen(ROOM, 5);
  await vi.waitFor(() => expect(badge.chat).toBe(0));
  rooms.shown = ROOM;
  comes(line(6, "seen", { mentions: ["me"] }));
  await tick();
  expect(badge.chat).toBe(0);
  rooms.shown = null;
  stop();
});

test("words are looked for in the room that is shown", async () => {
  await opened();
  const form = document.querySelector("[data-testid=find-here-form]");
  const field = document.querySelector<HTMLInputElement>("[data-testid=find-text]");
  if (form === null || field === null) throw new Error("there is no form");
  field.value = "one";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  await vi.waitFor(() => expect(sent).toEqual([{ text: "one", room: ROOM }]));
  await vi.waitFor(() => expect(document.querySelector("[data-testid=found]")).not.toBeNull());
});
