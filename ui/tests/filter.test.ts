// The filter of a mailbox: what is loaded is shown at once, and the server looks through the whole of
// it.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../src/api/client.ts";
import * as api from "../src/api/mail.ts";
import type { Item } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { filterKey, filterOf } from "../src/state/window.ts";
import MessageList from "../src/views/mail/MessageList.svelte";
import { Pane } from "../src/views/mail/pane.svelte.ts";
import { boxLike, itemLike, problemLike } from "./fixtures.ts";

const inbox = boxLike({ id: "in", role: "inbox", total: 1_200 });
let page: Record<string, unknown> | null = null;

beforeEach(async () => {
  await languageUse("en");
  vi.spyOn(api, "messageBeginnings").mockResolvedValue({ items: [] });
  vi.spyOn(api, "flags").mockResolvedValue({ items: [], next: null });
});
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  mail.reset();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const hit = (item: Item) => ({ ...item, snippet: [] });
const found = (items: Item[], next: string | null = null) => ({
  ...{ state: "1", next, waiting: 0 },
  items: items.map(hit),
});

const loaded = itemLike({ reference: "a", subject: "Budget of May" });
const deep = itemLike({
  ...{ reference: "z", subject: "Budget of 2019", receivedAt: "2019-05-01T10:00:00Z" },
});

function show(): Pane {
  const pane = new Pane(
    () => undefined,
    () => undefined,
  );
  mail.boxes = [inbox];
  mail.boxesLoad = "ready";
  mail.items = { a: loaded };
  mail.windows = { in: { refs: ["a"], next: "more" } };
  mail.loads.set("in", "ready");
  pane.mailbox = "in";
  const ignore = () => undefined;
  const acts = { onboxes: ignore, onmove: ignore, onlabel: ignore };
  page = mount(MessageList, {
    target: document.body,
    props: { pane, box: inbox, id: "in", ...acts },
  });
  return pane;
}

test("the server looks through the whole mailbox, once typing has stopped", async () => {
  const search = vi.spyOn(api, "search").mockResolvedValue(found([deep, loaded]));
  const pane = show();
  for (const filter of ["bu", "budg", "budget"]) {
    pane.filter = filter;
    await tick();
  }
  expect(pane.refs).toEqual(["a"]);
  await vi.waitFor(() => expect(pane.refs).toEqual(["a", "z"]));
  expect(search.mock.calls).toEqual([["budget", null, 50, "in"]]);
  const said = en.list.filterFound(en.search.results(2), en.boxes.inbox);
  await vi.waitFor(() => expect(find("search-count")?.textContent).toBe(said));
  // Without the filter, the list is what it was.
  pane.filter = "";
  await tick();
  expect(pane.refs).toEqual(["a"]);
  expect(Object.keys(mail.windows)).toEqual(["in"]);
});

test("that nothing matches is said once the server has answered, and not before", async () => {
  let answer: (found: Awaited<ReturnType<typeof api.search>>) => void = () => undefined;
  vi.spyOn(api, "search").mockReturnValue(new Promise((resolve) => (answer = resolve)));
  const pane = show();
  pane.filter = "quagga";
  await tick();
  expect(find("filter-none")?.textContent).toContain(en.list.filterSeeks(en.boxes.inbox));
  await vi.waitFor(() => expect(api.search).toHaveBeenCalled());
  answer(found([]));
  await vi.waitFor(() => expect(find("filter-none")?.textContent).toContain(en.list.filterNone));
});

test("a search that failed says so, and can be tried again", async () => {
  const refusal = new ApiError(problemLike(503, "unavailable"), null);
  const search = vi.spyOn(api, "search").mockRejectedValueOnce(refusal);
  search.mockResolvedValueOnce(found([deep]));
  const pane = show();
  pane.filter = "budget";
  await vi.waitFor(() => expect(find("filter-failed")).not.toBeNull());
  expect(pane.refs).toEqual(["a"]);
  find("filter-failed")?.querySelector("button")?.click();
  await vi.waitFor(() => expect(pane.refs).toEqual(["a", "z"]));
  expect(find("filter-failed")).toBeNull();
});

test("what is moved out of the mailbox leaves what the filter found", () => {
  const key = filterKey({ mailbox: "in", words: "a:b c" });
  expect(filterOf(key)).toEqual({ mailbox: "in", words: "a:b c" });
  expect(filterOf("search:filter:x")).toBeNull();
  mail.items = { z: deep };
  mail.windows = { [key]: { refs: ["z"], next: null } };
  mail.place({ ...deep, starred: true });
  expect(mail.windows[key]?.refs).toEqual(["z"]);
  mail.place({ ...deep, mailbox: "archive" });
  expect(mail.windows[key]?.refs).toEqual([]);
});
