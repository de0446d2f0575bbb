// The address book: which fields are sent, what is drawn of a long list, and what the reader says.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/contacts.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { book } from "../src/state/book.svelte.ts";
import BookNote from "../src/views/mail/BookNote.svelte";
import { blank, changed } from "../src/views/contacts/fields.ts";
import { detailLike, fromLike } from "./fixtures.ts";

beforeEach(() => languageUse("en"));
afterEach(() => {
  book.reset();
  vi.restoreAllMocks();
});

test("only the fields that changed are sent", () => {
  const before = blank();
  expect(changed(before, blank())).toEqual({});
  const after = { ...blank(), notes: "x", emails: [{ label: "", value: "a@b.example" }] };
  expect(changed(before, after)).toEqual({ notes: "x", emails: after.emails });
});

const entry = (at: number): api.Entry => ({
  ...{ id: String(at), version: 1, name: `N${at}`, email: "", company: "", labels: [] },
  ...{ favourite: false, photo: false },
});

test("of a long list the pages that are looked at are read, once", async () => {
  const list = vi.spyOn(api, "contactList").mockImplementation((query) => {
    const items = Array.from({ length: 100 }, (_, at) => entry((query.offset ?? 0) + at));
    const head = { state: "1", total: 1_000, all: 1_000, favourites: 0, labels: [] };
    return Promise.resolve({ ...head, items });
  });
  await book.again();
  expect(book.entries).toHaveLength(1_000);
  expect(book.entries[99]?.id).toBe("99");
  expect(book.entries[500]).toBeNull();
  await book.fill(495, 505);
  await book.fill(495, 505);
  expect(list).toHaveBeenCalledTimes(3);
  expect(book.entries[505]?.id).toBe("505");
  expect(book.entries[300]).toBeNull();
});

async function said(found: api.Known): Promise<string> {
  vi.restoreAllMocks();
  vi.spyOn(api, "contactsLookup").mockResolvedValue({ items: [found] });
  const from = fromLike({ name: "Noa Peled", address: "noa@a.example" });
  const detail = detailLike({ reference: "A", from });
  const page = mount(BookNote, { target: document.body, props: { detail } });
  await vi.waitFor(() => {
    flushSync();
    expect(api.contactsLookup).toHaveBeenCalledTimes(1);
  });
  await new Promise((resolve) => setTimeout(resolve));
  flushSync();
  const text = document.body.textContent ?? "";
  await unmount(page);
  book.reset();
  return text.replace(/\s+/g, " ").trim();
}

test("a name from the address book stands beside its own address only", async () => {
  const noa = { id: "1", name: "Noa Peled" };
  expect(await said({ contact: noa, namesake: null })).toContain(en.contacts.knownAs("Noa Peled"));
  const other = { id: "2", name: "Max" };
  expect(await said({ contact: other, namesake: null })).toContain(en.contacts.otherName("Max"));
  expect(await said({ contact: null, namesake: noa })).toContain(en.contacts.namesake("Noa Peled"));
  expect(await said({ contact: null, namesake: null })).toBe("");
});
