import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import { ApiError } from "../src/api/client.ts";
import type { Item, Mailbox } from "../src/api/types.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { PartlyDone } from "../src/state/parts.ts";
import { searchKey } from "../src/state/window.ts";
import { boxLike, fromLike, itemLike, problemLike, quotaLike } from "./fixtures.ts";

vi.mock("../src/api/mail.ts");

const item = (reference: string, hour: number): Item => {
  const receivedAt = `2026-11-23T${String(hour).padStart(2, "0")}:00:00Z`;
  return itemLike({
    reference,
    from: fromLike({ name: reference }),
    receivedAt,
    unread: true,
  });
};
const box = (id: string, role: Mailbox["role"], total: number): Mailbox =>
  boxLike({ id, role, total, unread: total });
const shown = (id: string) => mail.list(id).map(({ reference }) => reference);
const gone = () => new ApiError(problemLike(404, "not-found"), null);

beforeEach(async () => {
  const boxes = [box("in", "inbox", 3), box("arch", "archive", 0)];
  vi.mocked(api.mailboxList).mockImplementation(async () => ({
    ...{ state: "5", items: boxes },
    quota: quotaLike(),
  }));
  vi.mocked(api.messageList).mockImplementation(async (id) => {
    const items = id === "in" ? [item("a", 12), item("b", 11), item("c", 10)] : [];
    return { state: "5", total: items.length, unread: 0, items, next: null };
  });
  mail.reset();
  await mail.start();
  await mail.more("in");
  await mail.more("arch");
});
afterEach(() => vi.resetAllMocks());

test("a move shows before the server has answered, counts included", async () => {
  let settle: () => void = () => undefined;
  vi.mocked(api.messageChange).mockImplementation((references) => {
    return new Promise((resolve) => {
      settle = () => resolve({ state: "6", done: references, failed: [] });
    });
  });
  const moved = mail.change(["b"], { mailbox: "arch" });
  expect(shown("in")).toEqual(["a", "c"]);
  expect(shown("arch")).toEqual(["b"]);
  expect(mail.boxes.map(({ total }) => total)).toEqual([2, 1]);
  settle();
  expect(await moved).toEqual([{ references: ["b"], change: { mailbox: "in" } }]);
});

test("a refused move is undone completely", async () => {
  vi.mocked(api.messageChange).mockRejectedValue(gone());
  await expect(mail.change(["a", "b"], { mailbox: "arch" })).rejects.toBeInstanceOf(ApiError);
  expect(shown("in")).toEqual(["a", "b", "c"]);
  expect(shown("arch")).toEqual([]);
  expect(mail.boxes.map(({ total }) => total)).toEqual([3, 0]);
});

test("if a change is refused in part, only that part is undone", async () => {
  vi.mocked(api.messageChange).mockResolvedValue({
    ...{ state: "6", done: ["a"] },
    failed: [{ reference: "b", code: "not-found" }],
  });
  const error = await mail.change(["a", "b"], { unread: false }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PartlyDone);
  expect(mail.items["a"]?.unread).toBe(false);
  expect(mail.items["b"]?.unread).toBe(true);
});

test("a partial change can be undone", async () => {
  vi.mocked(api.messageChange).mockResolvedValue({
    ...{ state: "6", done: ["a"] },
    failed: [{ reference: "b", code: "not-found" }],
  });
  const error = await mail.change(["a", "b"], { starred: true }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PartlyDone);
  expect((error as PartlyDone).back).toEqual([{ references: ["a"], change: { starred: false } }]);
});

test("an answer for a user who has signed out is not shown to the next user", async () => {
  let answer: (page: Awaited<ReturnType<typeof api.messageList>>) => void = () => undefined;
  vi.mocked(api.messageList).mockImplementation(() => new Promise((done) => (answer = done)));
  const again = mail.startOver();
  await vi.waitFor(() => expect(api.messageList).toHaveBeenCalledTimes(3));
  mail.reset();
  answer({ state: "9", total: 1, unread: 0, next: null, items: [item("theirs", 9)] });
  await again;
  expect(mail.items["theirs"]).toBeUndefined();
  expect(mail.windows).toEqual({});
});

test("after a failure, a sync continues from the last state", async () => {
  vi.mocked(api.mailboxList).mockRejectedValueOnce(new Error("away"));
  await expect(mail.startOver()).rejects.toThrow("away");
  vi.mocked(api.changes).mockResolvedValue({ state: "5", more: false, updated: [], removed: [] });
  await mail.sync();
  expect(vi.mocked(api.changes)).toHaveBeenCalledWith("5");
});

test("a message moved to a part of a list that is not loaded still appears in it", async () => {
  vi.mocked(api.messageList).mockResolvedValue({
    ...{ state: "5", total: 9, unread: 0, next: "50" },
    items: [{ ...item("new", 20), mailbox: "arch" }],
  });
  mail.windows = { ...mail.windows, arch: { refs: ["new"], next: "50" } };
  mail.items = { ...mail.items, new: { ...item("new", 20), mailbox: "arch" } };
  vi.mocked(api.messageChange).mockResolvedValue({ state: "6", done: ["a"], failed: [] });
  vi.mocked(api.messageList).mockResolvedValue({
    ...{ state: "6", total: 10, unread: 0, next: "50" },
    items: [
      { ...item("a", 12), mailbox: "arch" },
      { ...item("new", 20), mailbox: "arch" },
    ],
  });
  await mail.change(["a"], { mailbox: "arch" });
  expect(shown("arch")).toEqual(["a", "new"]);
});

test("a sync inserts new messages in order and drops removed ones", async () => {
  const arrived: string[] = [];
  mail.onarrived = (items) => arrived.push(...items.map(({ reference }) => reference));
  vi.mocked(api.changes).mockResolvedValue({
    ...{ state: "6", more: false },
    ...{ updated: ["new", "b"], removed: ["c"] },
  });
  vi.mocked(api.messageItem).mockImplementation(async (ref) => item(ref, ref === "new" ? 13 : 11));
  await mail.sync();
  expect(vi.mocked(api.changes)).toHaveBeenCalledWith("5");
  expect(shown("in")).toEqual(["new", "a", "b"]);
  expect(arrived).toEqual(["new"]);
});

test("if the change log does not reach back far enough, the list is reloaded", async () => {
  const old = new ApiError(problemLike(410, "too-old"), null);
  vi.mocked(api.changes).mockRejectedValue(old);
  vi.mocked(api.messageList).mockResolvedValue({
    ...{ state: "9", total: 1, unread: 0, next: null },
    items: [item("z", 9)],
  });
  await mail.sync();
  expect(shown("in")).toEqual(["z"]);
});

test("a rejected message is hidden while undo is possible, and back after undo", () => {
  mail.held.add("b");
  expect(shown("in")).toEqual(["a", "c"]);
  mail.held.delete("b");
  expect(shown("in")).toEqual(["a", "b", "c"]);
});

const query = "label:counted";
const key = searchKey(query);

/** Lets each search be answered when the test says so. */
function searches(): ((found: Item[]) => void)[] {
  const answers: ((found: Item[]) => void)[] = [];
  vi.mocked(api.search).mockImplementation(() => {
    return new Promise((resolve) => {
      answers.push((found) => {
        const items = found.map((one) => ({ ...one, snippet: null }));
        resolve({ items, next: null, total: items.length } as never);
      });
    });
  });
  return answers;
}

test("what a search found before everything was reloaded is not shown after it", async () => {
  const answers = searches();
  const first = mail.more(key);
  await mail.startOver();
  answers[0]?.([item("old", 9)]);
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.([]);
  await first;
  expect(shown(key)).toEqual([]);
  expect(mail.loads.get(key)).toBe("ready");
});

test("a search that is repeated shows nothing of its earlier results", async () => {
  const answers = searches();
  const first = mail.more(key);
  const again = mail.searchAgain(query);
  expect(answers).toHaveLength(2);
  answers[0]?.([item("older", 8)]);
  await first;
  expect(mail.windows[key]).toBeUndefined();
  expect(mail.loads.get(key)).toBe("loading");
  answers[1]?.([item("new", 12)]);
  await again;
  expect(shown(key)).toEqual(["new"]);
  expect(answers).toHaveLength(2);
});

test("a further page that was asked for before a reload leaves no gap in the list", async () => {
  const page = (items: Item[], next: string | null) =>
    ({ state: "5", total: 9, unread: 0, items, next }) as never;
  vi.mocked(api.messageList).mockImplementation(async () => page([item("a", 12)], "a"));
  await mail.startOver();
  let further: (found: never) => void = () => undefined;
  vi.mocked(api.messageList).mockImplementation((_, before) => {
    if (before !== null) return new Promise((resolve) => (further = resolve));
    return Promise.resolve(page([item("new", 15)], "new"));
  });
  const more = mail.more("in");
  await mail.startOver();
  further(page([item("b", 11)], null));
  await more;
  expect(shown("in")).toEqual(["new"]);
  expect(mail.windows["in"]?.next).toBe("new");
});
