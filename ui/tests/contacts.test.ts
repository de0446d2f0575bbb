// The address book: which fields are sent, what is drawn of a long list, and what the reader says.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/contacts.ts";
import type { Detail } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { book } from "../src/state/book.svelte.ts";
import BookNote from "../src/views/mail/BookNote.svelte";
import ContactForm from "../src/views/contacts/ContactForm.svelte";
import AskDialog from "../src/views/contacts/AskDialog.svelte";
import RequestCard from "../src/views/contacts/RequestCard.svelte";
import {
  blank,
  changed,
  labelsOf,
  labelsText,
  nameAfter,
  proposedFacts,
  saidBy,
} from "../src/views/contacts/fields.ts";
import { detailLike, fromLike } from "./fixtures.ts";

beforeEach(() => languageUse("en"));
afterEach(() => {
  book.reset();
  vi.restoreAllMocks();
});

/** The browser's own check of a form asks for more of files than happy-dom has. */
function submit() {
  const event = new Event("submit", { bubbles: true, cancelable: true });
  document.querySelector("form")?.dispatchEvent(event);
}

test("only the fields that changed are sent", () => {
  const before = blank();
  expect(changed(before, blank())).toEqual({});
  const after = { ...blank(), notes: "x", emails: [{ label: "", value: "a@b.example" }] };
  expect(changed(before, after)).toEqual({ notes: "x", emails: after.emails });
});

test("a whole name goes only with the parts that it was made of", () => {
  const { name } = blank();
  const alone = { ...name, full: "Noa Peled" };
  expect(nameAfter(alone, { ...alone, nickname: "N" }).full).toBe("Noa Peled");
  expect(nameAfter(alone, { ...alone, given: "Noa" }).full).toBe("Noa Peled");
  const made = { ...name, given: "Noa", family: "Peled", full: "Noa Peled" };
  expect(nameAfter(made, { ...made, family: "Levi" }).full).toBe("");
  expect(nameAfter(made, { ...made, nickname: "N" }).full).toBe("Noa Peled");
  expect(nameAfter(made, { ...made, family: "Levi", full: "N. Levi" }).full).toBe("N. Levi");
});

test("labels are read from the line as which they are shown", () => {
  for (const labels of [[], ["a"], ["a,b", "c"], ['a"b', "c d"], ['"a", b', "é"]])
    expect(labelsOf(labelsText(labels))).toEqual(labels);
  expect(labelsOf('a, "b, c')).toEqual(["a", '"b', "c"]);
  expect(labelsOf(" , a ,, b")).toEqual(["a", "b"]);
});

test("the form shows a whole name and changes nothing that was not edited", async () => {
  const name = { ...blank().name, full: "Noa Peled" };
  const fields = { ...blank(), name, labels: ["a,b"] };
  const contact: api.BookContact = {
    ...{ id: "1", version: 3, shown: "Noa Peled" },
    ...fields,
    photo: false,
    kept: [],
  };
  const change = vi.spyOn(api, "contactChange").mockResolvedValue(contact);
  const onsaved = vi.fn();
  const props = { contact, fields: contact, onsaved, oncancel: () => undefined };
  const page = mount(ContactForm, { target: document.body, props });
  flushSync();
  const input = (part: string) =>
    document.querySelector<HTMLInputElement>(`[data-testid="contact-${part}"]`);
  expect(input("full")?.value).toBe("Noa Peled");
  const nickname = input("nickname");
  if (nickname) nickname.value = "N";
  nickname?.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  submit();
  await vi.waitFor(() => {
    expect(onsaved).toHaveBeenCalledTimes(1);
  });
  expect(change).toHaveBeenCalledWith("1", 3, { name: { ...name, nickname: "N" } });
  await unmount(page);
});

const entry = (at: number): api.Entry => ({
  ...{ id: String(at), version: 1, name: `N${at}`, email: "", company: "", labels: [] },
  ...{ favourite: false, photo: false, unreadable: false },
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

test("a list that changed is read anew where one looks at it", async () => {
  const list = vi.spyOn(api, "contactList").mockImplementation((query) => {
    const items = Array.from({ length: 100 }, (_, at) => entry((query.offset ?? 0) + at));
    const head = { state: "1", total: 1_200, all: 1_200, favourites: 0, labels: [] };
    return Promise.resolve({ ...head, items });
  });
  await book.again();
  await book.fill(790, 810);
  await book.again();
  expect(book.entries[790]?.id).toBe("790");
  expect(book.entries[810]?.id).toBe("810");
  list.mockRejectedValueOnce(new Error("offline"));
  await expect(book.again()).rejects.toThrow("offline");
  expect(book.failed).toBe(true);
});

test("however many addresses are asked about, each is asked about", async () => {
  vi.useFakeTimers();
  const noa = { id: "1", name: "Noa Peled" };
  const lookup = vi.spyOn(api, "contactsLookup").mockImplementation((items) => {
    const found = ({ address }: { address: string }) =>
      address.startsWith("a149@")
        ? { contact: noa, namesake: null }
        : { contact: null, namesake: null };
    return Promise.resolve({ items: items.map(found) });
  });
  lookup.mockRejectedValueOnce(new Error("too large"));
  const addresses = Array.from({ length: 150 }, (_, at) => `a${at}@b.example`);
  for (const address of addresses) book.known(address, "N".repeat(100));
  expect(book.isOpen(addresses, "N".repeat(100))).toBe(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(book.isOpen(addresses, "N".repeat(100))).toBe(false);
  expect(book.known("a149@b.example", "N".repeat(100))?.contact).toEqual(noa);
  for (const [items] of lookup.mock.calls) {
    expect(items.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(items).length).toBeLessThanOrEqual(32 * 1024);
  }
  vi.useRealTimers();
});

async function said(
  found: api.Known,
  check: Detail["from"]["check"] = "confirmed",
  kind: Detail["protection"]["kind"] = "tls",
): Promise<string> {
  vi.restoreAllMocks();
  vi.spyOn(api, "contactsLookup").mockResolvedValue({ items: [found] });
  const from = fromLike({ name: "Noa Peled", address: "noa@a.example", check });
  const protection = { kind, peer: null, version: null };
  const detail = detailLike({ reference: "A", from, protection });
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

test("the address book confirms no sender that was not confirmed", async () => {
  const noa = { id: "1", name: "Noa Peled" };
  for (const check of ["failed", "quarantined", "own-domain", "unknown", "temporary"] as const) {
    const text = await said({ contact: noa, namesake: null }, check);
    expect(text).toContain(en.contacts.notConfirmed("Noa Peled"));
    expect(text).not.toContain(en.contacts.knownAs("Noa Peled"));
    const namesake = await said({ contact: null, namesake: noa }, check);
    expect(namesake).toContain(en.contacts.namesake("Noa Peled"));
  }
  for (const kind of ["tls", "clear", "imported"] as const)
    expect(await said({ contact: noa, namesake: null }, "unchecked", kind)).toContain(
      en.contacts.notConfirmed("Noa Peled"),
    );
  expect(await said({ contact: noa, namesake: null }, "unchecked", "inside")).toContain(
    en.contacts.knownAs("Noa Peled"),
  );
});

test("a contact that was stored is changed when its form is saved again", async () => {
  const fields = { ...blank(), name: { ...blank().name, given: "Noa" } };
  const made: api.BookContact = {
    ...{ id: "1", version: 1, shown: "Noa", photo: true, kept: [] },
    ...fields,
  };
  const create = vi.spyOn(api, "contactCreate").mockResolvedValue(made);
  const onsaved = vi.fn();
  const page = mount(ContactForm, {
    target: document.body,
    props: { contact: null, fields, onsaved, oncancel: () => undefined },
  });
  flushSync();
  submit();
  await vi.waitFor(() => {
    expect(onsaved).toHaveBeenCalledTimes(1);
  });
  submit();
  await vi.waitFor(() => {
    expect(onsaved).toHaveBeenCalledTimes(2);
  });
  expect(create).toHaveBeenCalledTimes(1);
  await unmount(page);
});

const proposal = (): api.ContactFields => ({
  ...blank(),
  name: { ...blank().name, given: "Noa", family: "Peled", full: "The Boss", nickname: "Captain" },
  work: { company: "Acme", department: "Sales", title: "Head" },
  emails: [{ label: "work", value: "noa@a.example" }],
  phones: [{ label: "Boat", value: "+1" }],
  urls: [{ label: "", value: "https://c.example" }],
  postal: [
    {
      ...{ label: "home", postBox: "", extended: "", street: "Main St. 1", city: "Haifa" },
      ...{ region: "", code: "31000", country: "Israel" },
    },
  ],
});

test("all that a request proposes is shown", () => {
  const facts = proposedFacts(proposal(), (label) => label.toUpperCase());
  expect(facts).toEqual([
    ...["The Boss", "Noa Peled", "Captain", "Head, Sales, Acme", "noa@a.example (WORK)"],
    ...["+1 (BOAT)", "https://c.example", "Main St. 1, 31000, Haifa, Israel (HOME)"],
  ]);
});

test("a part of a contact says the fields that it has, and no others", () => {
  const words = en.contacts;
  expect(saidBy({}, words)).toEqual([]);
  const { name, phones, postal } = proposal();
  const said = saidBy({ name, phones, postal, notes: "" }, words);
  expect(said.map(({ field }) => field)).toEqual(["name", "phones", "postal", "notes"]);
  expect(said[1]?.text).toBe("+1 (Boat)");
  // What differs in a part or in a label alone never looks the same.
  const differs: [api.ContactChange, api.ContactChange][] = [
    [{ name }, { name: { ...name, given: name.family, family: name.given } }],
    [{ phones }, { phones: phones.map((one) => ({ ...one, label: "work" })) }],
    [{ postal }, { postal: postal.map((one) => ({ ...one, label: "work" })) }],
    [{ postal }, { postal: postal.map((one) => ({ ...one, city: "", region: one.city })) }],
  ];
  for (const [one, other] of differs) {
    expect(saidBy(one, words)).not.toEqual(saidBy(other, words));
  }
});

test("a request says who is known by its address or by a name like its own", async () => {
  const noa = { id: "1", name: "Noa Peled" };
  const request: api.Waiting = {
    ...{ reference: "01KAN", askedAt: "2026-11-23T10:00:00Z", fromName: "Dana", note: "" },
    ...{ fromAddress: "dana@example.org", contact: proposal(), shown: "The Boss" },
  };
  for (const [found, said] of [
    [{ contact: noa, namesake: null }, en.contacts.alreadyKnown("Noa Peled")],
    [{ contact: null, namesake: noa }, en.contacts.sameName("Noa Peled")],
  ] as const) {
    vi.restoreAllMocks();
    vi.spyOn(api, "contactsLookup").mockResolvedValue({ items: [found] });
    const page = mount(RequestCard, { target: document.body, props: { request } });
    await vi.waitFor(() => {
      flushSync();
      expect(document.body.textContent).toContain(said);
    });
    await unmount(page);
    book.reset();
  }
});

test("what one keeps for oneself is not sent", async () => {
  const sent = vi.spyOn(api, "contactRequest").mockResolvedValue({ reference: "01KAN" });
  const own = [{ label: "Account", value: "12345" }];
  const mine = { notes: "x", labels: ["Boss"], favourite: true, birthday: "1980-05-04", own };
  const onclose = vi.fn();
  const props = { contact: { ...proposal(), ...mine }, shown: "The Boss", onclose };
  const page = mount(AskDialog, { target: document.body, props });
  flushSync();
  const to = document.querySelector<HTMLInputElement>('[data-testid="ask-to"]');
  if (to) to.value = "omar@example.org";
  to?.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  submit();
  await vi.waitFor(() => {
    expect(onclose).toHaveBeenCalledTimes(1);
  });
  expect(sent).toHaveBeenCalledWith("omar@example.org", proposal(), "");
  await unmount(page);
});
