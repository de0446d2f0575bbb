// The keyboard: what a key does to the message under the cursor, and where the focus is afterwards.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { focusWatch } from "../src/state/focus.ts";
import { keysStart } from "../src/state/keys.svelte.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { prefs, type Advance } from "../src/state/prefs.svelte.ts";
import { go, route } from "../src/state/route.svelte.ts";
import { toasts } from "../src/state/toasts.svelte.ts";
import Help from "../src/views/Help.svelte";
import MailView from "../src/views/mail/MailView.svelte";
// Loaded before it is needed, as on the page.
import "../src/views/mail/Reader.svelte";
import Palette from "../src/views/Palette.svelte";
import { boxLike, detailLike, itemLike } from "./fixtures.ts";

vi.mock("virtua/svelte", async () => ({
  Virtualizer: (await import("./AllRows.svelte")).default,
}));

let page: Record<string, unknown> | null = null;
let stop: (() => void)[] = [];
const main = document.createElement("main");

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const at = () => document.activeElement as HTMLElement;
/** What has the focus, in a word. */
const focus = () => at().dataset["testid"] ?? at().tagName;
const shown = () => {
  const now = route();
  return now.view === "mail" ? now.reference : null;
};

function press(key: string, shiftKey = false) {
  at().dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
}

/** Three sealed messages, `a` the newest; the cursor is on none. */
beforeEach(async () => {
  await languageUse("en");
  Object.assign(prefs, { keys: true, advance: "next" });
  const boxes = [
    boxLike({ id: "in", role: "inbox", total: 3 }),
    boxLike({ id: "old", role: "archive" }),
    boxLike({ id: "bin", role: "trash" }),
  ];
  const items = ["a", "b", "c"].map((reference, age) =>
    itemLike({
      ...{ reference, subject: reference, opened: false, unread: true },
      receivedAt: `2026-11-23T10:0${9 - age}:00Z`,
    }),
  );
  mail.reset();
  mail.boxes = boxes;
  mail.boxesLoad = "ready";
  mail.items = Object.fromEntries(items.map((item) => [item.reference, item]));
  mail.windows = { in: { refs: ["a", "b", "c"], next: null } };
  vi.spyOn(api, "messageChange").mockImplementation((done) =>
    Promise.resolve({ done, failed: [], state: "2" }),
  );
  vi.spyOn(api, "messageReject").mockReturnValue(new Promise(() => undefined));
  vi.spyOn(api, "messageOpen").mockImplementation((reference) =>
    Promise.resolve(detailLike({ reference, text: "words" })),
  );
  main.id = "main";
  main.tabIndex = -1;
  document.body.append(main);
  stop = [keysStart(), focusWatch(() => main)];
  go({ view: "mail", mailbox: "inbox", reference: null });
  page = mount(MailView, { target: main });
  await vi.waitFor(() => expect(find("row-link")).not.toBeNull());
});

afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  for (const end of stop) end();
  toasts.clear();
  mail.reset();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** Moves the cursor to the message and shows its card. */
async function card(reference: string) {
  for (const key of "abc".slice(0, "abc".indexOf(reference) + 1).replaceAll(/./g, "j")) press(key);
  press("o");
  await vi.waitFor(() => expect(find("sealed-card")?.dataset["ref"]).toBe(reference));
  await vi.waitFor(() => expect(focus()).toBe("sealed-card"));
}

test.each(["o", "Enter"])("%s shows the card and goes there, and opens it then", async (key) => {
  press("j");
  press(key);
  await vi.waitFor(() => expect(focus()).toBe("sealed-card"));
  expect(api.messageOpen).not.toHaveBeenCalled();
  press(key);
  await vi.waitFor(() => expect(focus()).toBe("message"));
  expect(vi.mocked(api.messageOpen).mock.calls).toEqual([["a", null]]);
});

test("Enter on a row shows its card and goes there, and a pointer stays in the list", async () => {
  const link = find("row-link");
  link?.focus();
  link?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }));
  go({ view: "mail", mailbox: "inbox", reference: "a" });
  await vi.waitFor(() => expect(find("sealed-card")).not.toBeNull());
  await tick();
  expect(focus()).toBe("row-link");
  link?.click();
  await vi.waitFor(() => expect(focus()).toBe("message"));
  expect(api.messageOpen).toHaveBeenCalledOnce();
});

test("a key rejects what is sealed, once the question is answered", async () => {
  await card("b");
  press("R", true);
  await vi.waitFor(() => expect(find("reject-dialog")).not.toBeNull());
  find("reject-dialog")?.querySelector<HTMLElement>(".row button")?.click();
  await vi.waitFor(() => expect(find("reject-dialog")).toBeNull());
  expect([focus(), mail.held.size]).toEqual(["sealed-card", 0]);
  press("R", true);
  await vi.waitFor(() => expect(find("reject-confirm")).not.toBeNull());
  find("reject-confirm")?.click();
  await vi.waitFor(() => expect(shown()).toBe("c"));
  expect([...mail.held]).toEqual(["b"]);
  await vi.waitFor(() => expect(focus()).toBe("sealed-card"));
});

test("the key that rejects does nothing to what is open", async () => {
  await card("a");
  press("o");
  await vi.waitFor(() => expect(find("message")).not.toBeNull());
  press("R", true);
  await tick();
  expect(find("reject-dialog")).toBeNull();
});

test.each([
  ["next", "b", "c"],
  ["next", "c", "b"],
  ["previous", "b", "a"],
  ["previous", "a", "b"],
  ["list", "b", null],
] as [Advance, string, string | null][])(
  "after the message shown was archived: %s, from %s to %s",
  async (advance, from, to) => {
    prefs.advance = advance;
    await card(from);
    press("e");
    await vi.waitFor(() => expect(shown()).toBe(to));
    if (to === null) await vi.waitFor(() => expect(at().closest("[data-ref=c]")).not.toBeNull());
    else await vi.waitFor(() => expect(focus()).toBe("sealed-card"));
  },
);

test.each(["e", "#"])("the focus never falls to the page's body (%s)", async (key) => {
  for (const left of [2, 1, 0]) {
    press("j");
    await vi.waitFor(() => expect(focus()).toBe("row-link"));
    press(key);
    await vi.waitFor(() => expect(mail.windows["in"]?.refs.length).toBe(left));
    await vi.waitFor(() => expect(focus()).not.toBe("BODY"));
    if (left > 0) await vi.waitFor(() => expect(focus()).toBe("row-link"));
  }
  await vi.waitFor(() => expect(focus()).toBe("MAIN"));
});

test("what is removed hands its focus to the nearest place around it", async () => {
  const outer = document.createElement("section");
  outer.tabIndex = -1;
  const button = document.createElement("button");
  const inner = document.createElement("div");
  inner.append(button);
  outer.append(inner);
  main.append(outer);
  button.focus();
  inner.remove();
  await vi.waitFor(() => expect(focus()).toBe("SECTION"));
  outer.remove();
  await vi.waitFor(() => expect(focus()).toBe("MAIN"));
});

test("the keys of the sealed card are in the list of keys and in the palette", async () => {
  for (const [dialog, item] of [
    [Help, "dd"],
    [Palette, "[data-testid=palette-item] bdi"],
  ] as const) {
    const shown = mount(dialog, { target: document.body, props: { onclose: vi.fn() } });
    await tick();
    const named = [...document.querySelectorAll(`dialog ${item}`)].map((one) => one.textContent);
    expect(named).toEqual(expect.arrayContaining([en.help.open, en.help.reject]));
    await unmount(shown);
  }
});
