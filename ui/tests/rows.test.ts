// What a row of a list says, and in which order.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import type { Item, Snippet, Standing } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { hueOf, timeFull } from "../src/lib/format.ts";
import { near } from "../src/lib/snippet.ts";
import { worst } from "../src/lib/standing.ts";
import { beginnings } from "../src/state/beginnings.svelte.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { searchKey } from "../src/state/window.ts";
import { Pane } from "../src/views/mail/pane.svelte.ts";
import Row from "../src/views/mail/Row.svelte";
import SearchCount from "../src/views/mail/SearchCount.svelte";
import { itemLike } from "./fixtures.ts";

let pages: Record<string, unknown>[] = [];

beforeEach(() => languageUse("en"));
afterEach(async () => {
  for (const page of pages) await unmount(page);
  pages = [];
  mail.reset();
  beginnings.reset();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

function paneOf(key: string): Pane {
  const pane = new Pane(
    () => undefined,
    () => undefined,
  );
  pane.mailbox = key;
  return pane;
}

function row(given: Partial<Item> & { reference: string }, key = "in") {
  const item = itemLike(given);
  mail.place(item);
  pages.push(
    mount(Row, { target: document.body, props: { item, pane: paneOf(key), entry: true } }),
  );
}

const begins = () =>
  vi.spyOn(api, "messageBeginnings").mockImplementation((references) =>
    Promise.resolve({
      items: references.map((reference) => ({ reference, text: "By the pond" })),
    }),
  );

test("the rows on the page ask once, together, how what was opened begins", async () => {
  const asked = begins();
  row({ reference: "a", opened: true });
  row({ reference: "b", opened: false });
  row({ reference: "c", opened: true });
  await vi.waitFor(() =>
    expect([...document.querySelectorAll("[data-testid=row-begins] bdi")].length).toBe(2),
  );
  expect(find("row-begins")?.textContent).toBe("—By the pond");
  expect(asked.mock.calls).toEqual([[["a", "c"]]]);
  const sealed = document.querySelector('[data-ref="b"]');
  expect(sealed?.querySelector("[data-testid=row-begins]")).toBeNull();
});

test("what was not indexed is asked about again once more is", async () => {
  const asked = begins().mockResolvedValueOnce({ items: [] });
  row({ reference: "a", opened: true });
  await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
  beginnings.again();
  await vi.waitFor(() => expect(find("row-begins")).not.toBeNull());
});

test("what a user leaves behind is not shown to the next one", async () => {
  let answer: (told: Awaited<ReturnType<typeof api.messageBeginnings>>) => void = () => undefined;
  vi.spyOn(api, "messageBeginnings").mockReturnValue(new Promise((told) => (answer = told)));
  row({ reference: "a", opened: true });
  await vi.waitFor(() => expect(api.messageBeginnings).toHaveBeenCalled());
  beginnings.reset();
  answer({ items: [{ reference: "a", text: "Secret" }] });
  await tick();
  expect(beginnings.text("a")).toBe("");
});

test("a search shows its own excerpts", async () => {
  const asked = begins();
  mail.snippets.set("a", [{ hit: true, text: "heron" }]);
  row({ reference: "a", opened: true }, searchKey("heron"));
  await tick();
  expect(find("row-snippet")?.querySelector("mark")?.textContent).toBe("heron");
  expect(find("row-begins")).toBeNull();
  expect(asked).not.toHaveBeenCalled();
});

const plain = (text: string): Snippet => ({ hit: false, text });
const hit = (text: string): Snippet => ({ hit: true, text });
test.each([
  [
    [plain("Near the "), hit("pond")],
    [plain("Near the "), hit("pond")],
  ],
  [
    [plain("In the morning we went down to the small "), hit("pond"), plain(" again")],
    [plain("…went down to the small "), hit("pond"), plain(" again")],
  ],
  [
    [plain("x".repeat(80)), hit("pond")],
    [plain(`…${"x".repeat(24)}`), hit("pond")],
  ],
  // Without a match there is nothing to be near to.
  [[plain("In the morning we went down to the water")], undefined],
  [[], undefined],
])("what stands before the first match is short (%#)", (pieces, wanted) => {
  expect(near(pieces)).toEqual(wanted ?? pieces);
});

test("a person has one colour, however the address is written", () => {
  expect(hueOf("Noa@Example.org")).toBe(hueOf("noa@example.org"));
  const hues = ["noa", "omar", "dana", "rachel", "lea", "eve"].map((name) => hueOf(`${name}@x`));
  expect(new Set(hues).size).toBeGreaterThan(3);
  expect(hues.every((hue) => hue >= 0 && hue < 360)).toBe(true);
});

const flagsOf = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    ...{ reference: String(i), mailbox: "in", unread: false, starred: false },
    ...{ conversation: null, labels: [], receivedAt: "2026-11-23T10:00:00Z", opened: true },
  }));

test.each([
  [2, null, 0, null, en.search.results(2)],
  [2, "more", 212, null, en.search.results(212)],
  [2, "more", 5_000, "more", en.search.resultsMore(5_000)],
] as const)(
  "a search says how many it found (%s loaded, next: %s, %s counted)",
  async (loaded, next, counted, beyond, said) => {
    const asked = vi
      .spyOn(api, "flags")
      .mockResolvedValue({ items: flagsOf(counted), next: beyond });
    const key = searchKey("pond");
    const items = flagsOf(loaded).map(({ reference }) => itemLike({ reference }));
    mail.items = Object.fromEntries(items.map((item) => [item.reference, item]));
    mail.windows = { [key]: { refs: items.map(({ reference }) => reference), next } };
    const props = { found: key, pane: paneOf(key) };
    pages.push(mount(SearchCount, { target: document.body, props }));
    await vi.waitFor(() => expect(find("search-count")?.textContent).toBe(said));
    expect(asked.mock.calls.length).toBe(next === null ? 0 : 1);
  },
);

test.each([
  [{ state: "read", count: 2, recipients: 2, route: "inside" }, "Read", false],
  [{ state: "delivered", count: 1, recipients: 1, route: "plain" }, "Delivered", true],
  [{ state: "failed", count: 1, recipients: 3, route: "verified-tls" }, "Failed (1 of 3)", false],
  [{ state: "waiting", count: 1, recipients: 1, route: "temporary-account" }, "Waiting", false],
] as const)("the row of what was sent says how it stands: %j", async (standing, word, isOpen) => {
  row({ reference: "a", sent: true, recipients: ["noa@outside.example"], standing });
  await tick();
  const said = find("row-standing");
  expect(said?.dataset["state"]).toBe(standing.state);
  expect(said?.textContent).toContain(word);
  expect(said?.querySelector("svg")).not.toBeNull();
  expect(said?.textContent.includes(en.status.unprotected)).toBe(isOpen);
});

test("what was received has no standing", async () => {
  row({ reference: "a", opened: true });
  await tick();
  expect(find("row-standing")).toBeNull();
});

test("of the messages of a row, the one that most needs its sender is told", () => {
  const standing = (state: Standing["state"]) => ({
    standing: { state, count: 1, recipients: 1, route: null },
  });
  expect(worst([standing("read"), standing("failed"), standing("waiting")])?.state).toBe("failed");
  expect(worst([{ standing: null }])).toBeNull();
});

test("a row tells when its notice is of in the reader's way", async () => {
  vi.spyOn(api, "messageBeginnings").mockResolvedValue({
    items: [{ reference: "a", text: "Omar opened your message at 2026-11-28 16:33 UTC." }],
  });
  const notice = { kind: "read", about: "b", recipient: "omar@example.org", others: 0 } as const;
  row({ reference: "a", opened: true, notice });
  const time = timeFull("2026-11-28T16:33:00Z", "en");
  await vi.waitFor(() => expect(find("row-begins")?.textContent).toContain(time));
  expect(find("row-begins")?.textContent).not.toContain("UTC");
});
