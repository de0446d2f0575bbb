// What the right half shows while no message is chosen: true numbers, and links that lead there.
import { mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as sending from "../src/api/sending.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { searches } from "../src/lib/searches.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { drafts } from "../src/views/compose/drafts.svelte.ts";
import Waits from "../src/views/mail/Waits.svelte";
import { boxLike, itemLike } from "./fixtures.ts";

let page: Record<string, unknown> | null = null;

beforeEach(() => languageUse("en"));
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  mail.reset();
  searches.forget();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const none = { count: 0, items: [] };

function show(unopened: Record<string, number>, found: Partial<sending.Awaited>) {
  vi.spyOn(sending, "awaited").mockResolvedValue({
    drafts: 0,
    unread: none,
    ending: none,
    ...found,
  });
  mail.boxes = Object.entries(unopened).map(([role, n]) =>
    boxLike({ id: role, role: role as "inbox", unopened: n }),
  );
  page = mount(Waits, { target: document.body });
}

test("what is to be opened counts where a search would look for it", async () => {
  show({ inbox: 2, archive: 1, junk: 4, trash: 8 }, {});
  await vi.waitFor(() => expect(find("waits-to-open")?.textContent).toBe(en.waits.toOpen(3)));
  const number = find("waits-to-open")?.getAttribute("href")?.split("/").at(-1) ?? "";
  expect(searches.words(number)).toBe("is:unopened");
});

test("drafts, and what others have not read, are counted by the server and lead there", async () => {
  const item = itemLike({
    ...{ reference: "R", subject: "Offer", sent: true },
    recipients: ["lea@partner.example"],
  });
  show({ inbox: 0 }, { drafts: 2, unread: { count: 7, items: [item] } });
  await vi.waitFor(() => expect(find("waits-drafts")?.textContent).toBe(en.waits.drafts(2)));
  expect(find("waits-drafts")?.getAttribute("href")).toBe("/mail/drafts");
  expect(find("waits-unread")?.querySelector("h3")?.textContent).toBe(`${en.waits.unread} 7`);
  expect(find("waits-item")?.getAttribute("href")).toBe("/mail/sent/R");
  expect(find("waits-item")?.textContent).toContain("lea@partner.example");
  expect([find("waits-to-open"), find("waits-ending")]).toEqual([null, null]);
});

test("a draft that is begun or sent meanwhile is counted anew", async () => {
  show({ inbox: 0 }, { drafts: 1 });
  await vi.waitFor(() => expect(find("waits-drafts")?.textContent).toBe(en.waits.drafts(1)));
  vi.mocked(sending.awaited).mockResolvedValue({ drafts: 2, unread: none, ending: none });
  drafts.items = [];
  await vi.waitFor(() => expect(find("waits-drafts")?.textContent).toBe(en.waits.drafts(2)));
});

test("where nothing waits, nothing is counted", async () => {
  show({ inbox: 0 }, {});
  await vi.waitFor(() => expect(sending.awaited).toHaveBeenCalled());
  expect(find("empty")?.textContent).toContain(en.empty.choose);
  expect(find("waits")).toBeNull();
});
