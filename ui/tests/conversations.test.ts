// The list of a mailbox with one row for each conversation, as the server groups them.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import type { ConversationRow, Flags, Item } from "../src/api/types.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { worst } from "../src/lib/standing.ts";
import { Pane } from "../src/views/mail/pane.svelte.ts";
import { boxLike, itemLike, quotaLike } from "./fixtures.ts";

vi.mock("../src/api/mail.ts");

const at = (hour: number) => `2026-11-23T${String(hour).padStart(2, "0")}:00:00Z`;
const item = (reference: string, hour: number, given: Partial<Item> = {}): Item =>
  itemLike({ reference, receivedAt: at(hour), ...given });
const flags = ({ reference, mailbox, unread, starred, opened, ...rest }: Item): Flags => {
  const { conversation, labels, receivedAt } = rest;
  return { reference, mailbox, unread, starred, opened, conversation, labels, receivedAt };
};
const row = (latest: Item, ...others: Item[]): ConversationRow => ({
  ...{ latest, total: 1 + others.length, unread: 0, standing: null, authors: [] },
  members: others.map((one) => ({ ...flags(one), sent: one.sent, standing: one.standing })),
});
const shown = (id = "in") => mail.list(id).map(({ reference }) => reference);

let pages: Record<string, { items: ConversationRow[]; next: string | null }>;
let pane: Pane;

const x = { conversation: "x" };
const y = { conversation: "y" };
const [x1, x2, x3] = [item("x1", 1, x), item("x2", 5, { ...x, unread: true }), item("x3", 12, x)];
const [y1, y2] = [item("y1", 2, y), item("y2", 10, { ...y, mailbox: "sent", sent: true })];

beforeEach(async () => {
  await languageUse("en");
  const boxes = [
    boxLike({ id: "in", role: "inbox", total: 40, unread: 1 }),
    boxLike({ id: "sent", role: "sent", total: 1 }),
    boxLike({ id: "arch", role: "archive" }),
    boxLike({ id: "bin", role: "trash" }),
  ];
  vi.mocked(api.mailboxList).mockResolvedValue({ state: "5", items: boxes, quota: quotaLike() });
  pages = {
    first: { items: [row(x3, x2, x1), row(item("z", 8))], next: "30" },
    // Full of what belongs to the rows above.
    "30": { items: [], next: "20" },
    "20": { items: [row(y1, y2)], next: null },
  };
  vi.mocked(api.conversationList).mockImplementation(async (_, before) => ({
    ...{ state: "5", total: 40, unread: 1 },
    ...(pages[before ?? "first"] ?? { items: [], next: null }),
  }));
  mail.reset();
  mail.fold(true);
  await mail.start();
  await mail.more("in");
  pane = new Pane(
    () => undefined,
    () => undefined,
  );
  pane.enter("in");
});
afterEach(() => {
  mail.reset();
  vi.resetAllMocks();
});

test("a row stands for all of its conversation, in whatever part of the mailbox it is", () => {
  expect(shown()).toEqual(["x3", "z"]);
  expect(pane.group(x3).map((one) => one.reference)).toEqual(["x3", "x2", "x1"]);
  expect(pane.group(x3).some((one) => one.unread)).toBe(true);
  expect(pane.meant(["x3", "z"])).toEqual(["x3", "x2", "x1", "z"]);
  expect([pane.count(x3), pane.represented]).toEqual([3, 4]);
});

test("what is done in the reader is done to the message that it shows", async () => {
  const changed: string[][] = [];
  vi.mocked(api.messageChange).mockImplementation(async (references) => {
    changed.push(references);
    return { state: "6", done: references, failed: [] };
  });
  // The newest message, which is also the one of the row.
  pane.shown = "x3";
  pane.cursor = "x3";
  pane.mark(true);
  pane.star(["x3"]);
  pane.delete();
  await vi.waitFor(() => expect(changed).toHaveLength(3));
  expect(changed).toEqual([["x3"], ["x3"], ["x3"]]);
  // In the list the row means its conversation.
  pane.shown = null;
  pane.cursor = "x2";
  pane.archive();
  await vi.waitFor(() => expect(changed).toHaveLength(4));
  expect(changed[3]).toEqual(["x2", "x1"]);
});

test("the star of a row is that of its messages", async () => {
  vi.mocked(api.messageChange).mockImplementation(async (references) => ({
    ...{ state: "6", done: references, failed: [] },
  }));
  await mail.change(["x2"], { starred: true });
  expect(pane.areStarred(pane.meant(["x3"]))).toBe(true);
  expect(pane.areStarred(["x3"])).toBe(false);
  expect(pane.areStarred(pane.meant(["x3", "z"]))).toBe(false);
  pane.star(pane.meant(["x3"]));
  await vi.waitFor(() => expect(mail.items["x2"]?.starred).toBe(false));
});

test("a row stays selected when its conversation gets a message, and the key means it", async () => {
  pane.tick("x3", false);
  pane.shown = "z";
  const x4 = item("x4", 15, x);
  mail.place(x4);
  expect(shown()).toEqual(["x4", "z"]);
  expect(pane.ticked).toEqual(["x4"]);
  expect(pane.isTicked(x4)).toBe(true);
  expect(pane.chosen()).toEqual(["x4", "x3", "x2", "x1"]);
  // The same for the row under the cursor, which has another message by now.
  pane.tick("x4", false);
  expect([pane.ticked, pane.chosen()]).toEqual([[], ["z"]]);
  pane.shown = null;
  pane.cursor = "x3";
  expect(pane.chosen()).toEqual(["x4", "x3", "x2", "x1"]);
  // What left the list is not meant by any key.
  pane.cursor = "z";
  mail.place({ ...item("z", 8), mailbox: "arch" });
  expect(pane.chosen()).toEqual([]);
});

test("a page without rows leads on to the next", async () => {
  await mail.more("in");
  expect(shown()).toEqual(["x3", "z", "y1"]);
  expect(api.conversationList).toHaveBeenCalledTimes(3);
  // The reader shows what was sent too; the row acts on what is here.
  expect([pane.count(y1), pane.group(y1).length]).toEqual([2, 1]);
  expect(mail.windows["in"]?.next).toBeNull();
});

test("an answer takes the row to the top, with what was not loaded", async () => {
  const y3 = item("y3", 14, { ...y, unread: true });
  vi.mocked(api.changes).mockResolvedValue({
    ...{ state: "6", more: false },
    ...{ updated: ["y3"], removed: [] },
  });
  vi.mocked(api.messageItem).mockResolvedValue(y3);
  vi.mocked(api.conversationRow).mockResolvedValue(row(y3, y2, y1));
  const arrived = vi.fn();
  mail.onarrived = arrived;
  await mail.sync();
  expect(shown()).toEqual(["y3", "x3", "z"]);
  expect(pane.group(y3).map((one) => one.reference)).toEqual(["y3", "y1"]);
  expect(arrived).toHaveBeenCalledTimes(1);
  // The page with its former place does not bring a second row.
  pages["20"] = { items: [row(y1, y2), row(item("w", 1))], next: null };
  await mail.more("in");
  expect(shown()).toEqual(["y3", "x3", "z", "w"]);
});

test("an older message of a conversation joins its row and moves nothing", async () => {
  const late = item("late", 3, x);
  vi.mocked(api.changes).mockResolvedValue({
    ...{ state: "6", more: false },
    ...{ updated: ["late"], removed: [] },
  });
  vi.mocked(api.messageItem).mockResolvedValue(late);
  vi.mocked(api.conversationRow).mockResolvedValue(row(x3, x2, late, x1));
  await mail.sync();
  expect(shown()).toEqual(["x3", "z"]);
  expect(pane.count(x3)).toBe(4);
});

test("the whole conversation moves, is taken back, and leaves its row when its head goes", async () => {
  vi.mocked(api.messageChange).mockImplementation(async (references) => ({
    ...{ state: "6", done: references, failed: [] },
  }));
  const back = await mail.change(pane.meant(["x3"]), { mailbox: "arch" });
  expect(shown()).toEqual(["z"]);
  expect(mail.boxes.map(({ total }) => total)).toEqual([37, 1, 3, 0]);
  for (const { references, change } of back) await mail.change(references, change);
  expect(shown()).toEqual(["x3", "z"]);
  // Only the newest is archived: the next one stands for the rest, where it belongs.
  await mail.change(["x3"], { mailbox: "arch" });
  // Its time is that of a part which is not loaded. Where the server has it depends on when it came.
  expect(shown()).toEqual(["z", "x2"]);
  await mail.more("in");
  mail.forget("z");
  expect(shown()).toEqual(["x2", "y1"]);
});

test("the next message stands for the conversation, at its own time", async () => {
  pages = { first: { items: [row(x3, x2, x1), row(item("z", 8)), row(y1, y2)], next: null } };
  await mail.startOver();
  vi.mocked(api.messageChange).mockResolvedValue({ state: "6", done: ["x3"], failed: [] });
  await mail.change(["x3"], { mailbox: "bin" });
  expect(shown()).toEqual(["z", "x2", "y1"]);
  expect(mail.items["x2"]?.pending).toBe(true);
  expect(pane.count(x2)).toBe(2);
  vi.mocked(api.messageItems).mockResolvedValue({ items: [x2] });
  await mail.fill(["x2"]);
  expect(mail.items["x2"]?.pending).toBeUndefined();
  // What is being rejected is hidden, and the next one shows.
  mail.held.add("x2");
  expect(shown()).toEqual(["z", "x1", "y1"]);
});

test("two conversations that become one are one row", async () => {
  await mail.more("in");
  const joined = item("y1", 2, x);
  vi.mocked(api.changes).mockResolvedValue({
    ...{ state: "6", more: false },
    ...{ updated: ["y1"], removed: [] },
  });
  vi.mocked(api.messageItem).mockResolvedValue(joined);
  vi.mocked(api.conversationRow).mockResolvedValue(row(x3, x2, joined, x1, { ...y2, ...x }));
  await mail.sync();
  expect(shown()).toEqual(["x3", "z"]);
  expect(pane.group(x3)).toHaveLength(4);
});

test("the places of all messages are places of rows", async () => {
  const all = [x3, item("z", 8), x2, y1, x1].map(flags);
  vi.mocked(api.flags).mockResolvedValue({ items: all, next: null });
  await mail.places("in");
  expect(shown()).toEqual(["x3", "z", "y1"]);
});

test("a row reached by its place counts all messages and has the state that needs its sender", async () => {
  const standing = (state: "rejected" | "read") => ({
    ...{ state, count: 1, recipients: 1, route: null, asOf: at(1) },
  });
  const sent = { mailbox: "in", sent: true };
  const head = item("y1", 2, { ...y, ...sent, standing: standing("read") as never });
  const failed = item("y0", 1, { ...y, ...sent, standing: standing("rejected") as never });
  const all = [x3, item("z", 8), x2, head, x1, failed].map(flags);
  vi.mocked(api.flags).mockResolvedValue({ items: all, next: null });
  await mail.places("in");
  const pending = () => mail.list("in").filter((one) => one.pending);
  expect(pending().map((one) => one.reference)).toEqual(["y1"]);
  // Until the server has answered, the row is not said to be complete.
  vi.mocked(api.conversationRow).mockRejectedValueOnce(new TypeError("offline"));
  await expect(mail.fill(["y1"])).rejects.toThrow();
  expect(pending()).toHaveLength(1);
  const people = [{ name: "Rachel", address: "rachel@x.example" }];
  vi.mocked(api.conversationRow).mockResolvedValue({ ...row(head, y2, failed), authors: people });
  await mail.fill(["y1"]);
  expect(api.messageItems).not.toHaveBeenCalled();
  const [filled] = mail.list("in").slice(2);
  expect([filled?.pending, filled?.people]).toEqual([undefined, people]);
  expect(pane.count(head)).toBe(3);
  expect(worst(pane.group(head))?.state).toBe("rejected");
});

test("a message that left while its row was read is in no list of its former mailbox", async () => {
  // The answer y3 comes; before its row is read, another browser archives y1, which is a row here.
  await mail.more("in");
  expect(shown()).toEqual(["x3", "z", "y1"]);
  const y3 = item("y3", 14, { ...y, mailbox: "sent", sent: true, conversation: "w" });
  const gone = { ...y1, mailbox: "arch", conversation: "w" };
  const delta = (state: string, updated: string[]) =>
    vi.mocked(api.changes).mockResolvedValue({ state, more: false, updated, removed: [] });
  delta("6", ["y3"]);
  vi.mocked(api.messageItem).mockResolvedValue(y3);
  vi.mocked(api.conversationRow).mockResolvedValue(row(y3, gone));
  await mail.sync();
  delta("7", ["y1"]);
  vi.mocked(api.messageItem).mockResolvedValue(gone);
  await mail.sync();
  expect(shown()).toEqual(["x3", "z"]);
});

test("a row whose next message came into the mailbox later than its date says is not lost", async () => {
  mail.forget("x3");
  expect(shown()).toEqual(["z", "x2"]);
  mail.forget("x2");
  expect(shown()).toEqual(["z", "x1"]);
});

test("where each message has its row, the list is that of the messages", async () => {
  vi.mocked(api.messageList).mockResolvedValue({
    ...{ state: "5", total: 2, unread: 0, next: null },
    items: [x3, x2],
  });
  mail.fold(false);
  await vi.waitFor(() => expect(shown()).toEqual(["x3", "x2"]));
  expect(pane.group(x3)).toHaveLength(1);
});

test("a list that cannot be read by the other rule is not shown by the former one", async () => {
  vi.mocked(api.mailboxList).mockRejectedValueOnce(new TypeError("offline"));
  mail.fold(false);
  await vi.waitFor(() => expect(mail.windows["in"]).toBeUndefined());
  vi.mocked(api.messageList).mockResolvedValue({
    ...{ state: "5", total: 2, unread: 0, next: null },
    items: [x3, x2],
  });
  await mail.more("in");
  expect(shown()).toEqual(["x3", "x2"]);
});

test("many messages that come into one conversation ask for it once", async () => {
  const many = [13, 14, 15, 16].map((hour) => item(`x${hour}`, hour, { ...x, unread: true }));
  const updated = many.map((one) => one.reference);
  vi.mocked(api.changes).mockResolvedValue({ state: "6", more: false, updated, removed: [] });
  vi.mocked(api.messageItem).mockImplementation(async (ref) => {
    const found = many.find((one) => one.reference === ref);
    if (found === undefined) throw new Error(ref);
    return found;
  });
  const [x13, x14, x15, x16] = many as [Item, Item, Item, Item];
  vi.mocked(api.conversationRow).mockResolvedValue(row(x16, x15, x14, x13, x3, x2, x1));
  const arrived = vi.fn();
  mail.onarrived = arrived;
  await mail.sync();
  expect(api.conversationRow).toHaveBeenCalledTimes(1);
  expect(shown()).toEqual(["x16", "z"]);
  expect(pane.group(x16)).toHaveLength(7);
  expect(arrived.mock.calls[0]?.[0]).toHaveLength(4);
});
