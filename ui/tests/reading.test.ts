// What the list and the reader say about a message, rendered here with simulated answers.
import { createRawSnippet, mount, tick, unmount, type Component } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import * as sending from "../src/api/sending.ts";
import type { Attached, Detail, Item } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import PasswordField from "../src/components/PasswordField.svelte";
import { subjectDir } from "../src/lib/direction.ts";
import { timeFull } from "../src/lib/format.ts";
import { travelled } from "../src/lib/names.ts";
import { mail } from "../src/state/mail.svelte.ts";
import Folded from "../src/views/mail/Folded.svelte";
import Message from "../src/views/mail/Message.svelte";
import { Pane } from "../src/views/mail/pane.svelte.ts";
import Row from "../src/views/mail/Row.svelte";
import SealedCard from "../src/views/mail/SealedCard.svelte";
import StatusLines from "../src/views/mail/StatusLines.svelte";
import Card from "../src/views/portal/Card.svelte";
import { boxLike, detailLike, fromLike, itemLike } from "./fixtures.ts";

let page: Record<string, unknown> | null = null;

beforeEach(() => languageUse("en"));
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  mail.reset();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

async function showRow(given: Partial<Item>) {
  const item = itemLike({ reference: "R", ...given });
  mail.place(item);
  const pane = new Pane(
    () => undefined,
    () => undefined,
  );
  pane.mailbox = item.mailbox;
  page = mount(Row, { target: document.body, props: { item, pane, entry: true } });
  await tick();
}

async function showMessage(given: Partial<Detail>) {
  page = mount(Message, {
    target: document.body,
    props: { detail: detailLike({ reference: "R", ...given }) },
  });
  await tick();
}

test.each([
  [{ asksConfirmation: true }, `${en.card.ask} ${en.card.askHint}`],
  [{ protection: { kind: "clear", version: null, peer: null } }, en.card.toldOutside],
  [{}, en.card.told],
] as const)("a sealed message says truthfully who is told (%#)", async (given, said) => {
  const item = itemLike({ reference: "R", ...given, opened: false });
  const props = { item, opening: false, onopen: vi.fn(), onreject: vi.fn() };
  page = mount(SealedCard, { target: document.body, props });
  const told = document.getElementById("card-told");
  expect(told?.textContent?.trim().replace(/\s+/gu, " ")).toBe(said);
  find("open")?.click();
  expect(props.onopen).toHaveBeenCalledWith("asksConfirmation" in given ? false : null);
});

test("a reader who is asked sends the answer, on opening and on rejecting", async () => {
  const item = itemLike({ reference: "R", asksConfirmation: true, opened: false });
  const props = { item, opening: false, onopen: vi.fn(), onreject: vi.fn() };
  page = mount(SealedCard, { target: document.body, props });
  find("card-tell")?.click();
  find("open")?.click();
  expect(props.onopen).toHaveBeenCalledWith(true);
  find("reject")?.click();
  await tick();
  find("reject-confirm")?.click();
  expect(props.onreject).toHaveBeenCalledWith(null, true);
});

test("the question who is told comes before the buttons that answer it", () => {
  const item = itemLike({ reference: "R", asksConfirmation: true, opened: false });
  const props = { item, opening: false, onopen: vi.fn(), onreject: vi.fn() };
  page = mount(SealedCard, { target: document.body, props });
  const order = [...document.querySelectorAll("input, button")].map((one) =>
    one.getAttribute("data-testid"),
  );
  expect(order).toEqual(["card-tell", "open", "reject"]);
});

test.each([
  ["inside", true],
  ["tls", false],
  ["clear", false],
] as const)("a reason is asked for only if the sender will see it (%s)", async (kind, isAsked) => {
  const protection = { kind, version: null, peer: null };
  const item = itemLike({ reference: "R", protection, opened: false });
  for (const dialog of [SealedCard, Card]) {
    const props = { item, opening: false, onopen: vi.fn(), onreject: vi.fn() };
    page = mount(dialog as Component, { target: document.body, props });
    (find("reject") ?? find("card-reject"))?.click();
    await tick();
    const shown = find("reject-dialog")?.textContent ?? "";
    expect(shown).toContain(isAsked ? en.card.whyLead : en.card.whyLeadOutside);
    expect(find("reason-other") !== null).toBe(isAsked);
    expect(shown.includes("tell the sender")).toBe(isAsked);
    await unmount(page);
    page = null;
  }
});

const notice = { kind: "read", about: "A", recipient: "noa@outside.example", others: 0 } as const;

test("a notice about several recipients counts them", async () => {
  const failed = { ...notice, kind: "failed" } as const;
  for (const [others, said] of [
    [0, "noa@outside.example"],
    [622, "623 recipients"],
  ] as const) {
    await showRow({ notice: { ...failed, others } });
    expect(find("row-link")?.textContent).toContain(`could not be delivered to ${said}`);
    if (page !== null) await unmount(page);
    page = null;
  }
});

test("only what has arrived says how it came here", async () => {
  vi.spyOn(sending, "submission").mockRejectedValue(new Error("not asked for here"));
  for (const [given, shown] of [
    [{}, true],
    [{ sent: true }, false],
    [{ notice }, false],
  ] as const) {
    await showRow(given);
    expect([given, find("row-protection") !== null]).toEqual([given, shown]);
    if (page !== null) await unmount(page);
    await showMessage(given);
    expect([given, find("protection") !== null]).toEqual([given, shown]);
    if (page !== null) await unmount(page);
    page = null;
  }
});

test("of many recipients, the first few are shown until the others are asked for", async () => {
  const to = Array.from({ length: 31 }, (_, i) => ({ name: null, address: `u${i}@example.org` }));
  await showMessage({ to });
  const people = () => document.querySelectorAll("[data-testid=person]").length;
  expect(people()).toBe(5);
  expect(find("people-more")?.textContent).toBe(en.reader.more(26));
  find("people-more")?.focus();
  find("people-more")?.click();
  await tick();
  expect([people(), find("people-more")]).toEqual([31, null]);
  // The button that had the focus is gone; the user goes on from the names.
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe("DD"));
  expect(document.activeElement?.textContent).toContain("u30@example.org");
});

test("replies that go elsewhere than to the sender are told by address", async () => {
  const dana = { name: "Dana", address: "dana@example.org" };
  const from = fromLike(dana);
  const evil = { name: "Dana", address: "dana@evil.example" };
  await showMessage({ from, replyTo: [{ name: "Dana", address: "Dana@Example.org" }] });
  expect(document.body.textContent).not.toContain(en.reader.repliesTo);
  if (page !== null) await unmount(page);
  await showMessage({ from, replyTo: [{ name: null, address: dana.address }, evil] });
  expect(document.querySelector("dl")?.textContent).toContain(en.reader.repliesTo);
  // All of them, the sender too: a reply goes to each.
  for (const { address } of [dana, evil])
    expect(document.querySelector("dl")?.textContent).toContain(address);
});

test("a file that may run code is named so, whatever its sender says, and asked about", async () => {
  const ticket = vi.spyOn(api, "ticket").mockReturnValue(new Promise(() => undefined));
  const part = {
    part: 2,
    name: "invoice.pdf.exe",
    type: "application/pdf",
    size: 1,
    inline: false,
    opens: false,
  };
  await showMessage({ parts: [part] });
  expect(find("attachment")?.textContent).toContain(en.reader.program);
  expect(find("attachment")?.textContent).not.toContain(part.type);
  find("attachment")?.click();
  await tick();
  expect(ticket).not.toHaveBeenCalled();
  find("confirm-yes")?.click();
  expect(ticket).toHaveBeenCalledOnce();
});

const delivery = (route: sending.Route, state: sending.State): sending.Delivery => ({
  ...{ address: "noa@outside.example", route, state, protected: false },
  ...{ at: "2026-11-23T10:00:00Z", history: [], reason: null, temporary: null },
});

test.each([
  ["verified-tls", "delivered", en.compose.routes["verified-tls"]],
  ["plain", "delivered", en.status.unprotected],
  ["plain", "held", en.status.unprotected],
  // What did not travel has no way.
  ["verified-tls", "failed", null],
  ["plain", "failed", null],
  ["plain", "refused", null],
  ["refused", "refused", null],
] as const)("a delivery by %s that was %s is called so", async (route, state, word) => {
  vi.spyOn(sending, "submission").mockResolvedValue({
    ...{ reference: "R", acceptedAt: "2026-11-23T10:00:00Z", undoUntil: null },
    recipients: [delivery(route, state)],
  });
  page = mount(StatusLines, { target: document.body, props: { reference: "R" } });
  await vi.waitFor(() => expect(find("status-line")).not.toBeNull());
  const said = find("status-line")?.textContent ?? "";
  const ways = [en.compose.routes["verified-tls"], en.status.unprotected];
  expect(ways.filter((way) => said.includes(way))).toEqual(word === null ? [] : [word]);
});

const step = (state: sending.State, more: Partial<sending.Step> = {}): sending.Step => ({
  ...{ state, at: "2026-11-23T10:00:00Z", note: null, detail: null, tried: 0 },
  ...more,
});

async function showLines(one: Partial<sending.Delivery>) {
  vi.spyOn(sending, "submission").mockResolvedValue({
    ...{ reference: "R", acceptedAt: "2026-11-23T10:00:00Z", undoUntil: null },
    recipients: [{ ...delivery("plain", "waiting"), ...one }],
  });
  page = mount(StatusLines, { target: document.body, props: { reference: "R" } });
  await vi.waitFor(() => expect(find("status-line")).not.toBeNull());
}

test("the present state stands alone, and what led there is folded", async () => {
  const tried = step("waiting", { note: "tried", tried: 3, detail: "mx.example: busy" });
  await showLines({ history: [step("accepted"), step("waiting"), tried] });
  expect(find("status-line")?.querySelector("strong")?.textContent).toBe("Waiting, tried 3 times");
  expect(find("status-line")?.textContent).toContain("mx.example: busy");
  const history = find("status-history");
  expect(history).toBeInstanceOf(HTMLDetailsElement);
  expect(history?.hasAttribute("open")).toBe(false);
  expect(history?.querySelectorAll("li").length).toBe(2);
});

test("equal steps in a row are one, and what is noted is in the reader's language", async () => {
  const history = [step("waiting"), step("waiting"), step("waiting", { note: "notified" })];
  await languageUse("he");
  await showLines({ history, route: "temporary-account", protected: true });
  expect(find("status-history")).toBeNull();
  const said = find("status-line")?.textContent ?? "";
  expect(said).not.toContain("notified");
  expect(said).toContain("נשלחה לנמען הודעת יידוע");
});

test("another route than verified encryption is said, whatever came after", async () => {
  const history = [
    step("waiting", { note: "no-verified-tls", detail: "example.net has no policy" }),
    step("waiting", { note: "notified" }),
    step("read"),
  ];
  await showLines({ history, state: "read", route: "temporary-account", protected: true });
  expect(find("status-unverified")?.textContent).toContain(en.status.instead.here);
});

test("the times of a notice are written in the reader's way, in any form", async () => {
  const notice = { kind: "read", about: "b", recipient: "omar@example.org", others: 0 } as const;
  const text = "Omar opened it at 2026-11-28T16:33:16.313Z, and again at 2026-11-29 09:05 UTC.";
  await showMessage({ notice, text });
  const said = find("text")?.textContent ?? "";
  expect(said).toContain(timeFull("2026-11-28T16:33:00Z", "en"));
  expect(said).toContain(timeFull("2026-11-29T09:05:00Z", "en"));
  expect(said).not.toMatch(/UTC|T16/);
});

test("a message that is no notice is shown as it was written", async () => {
  const text = "Let us meet at 2026-11-29 09:05 UTC.";
  await showMessage({ text });
  expect(find("text")?.textContent).toContain(text);
});

test("an image that the HTML shows is listed where the HTML is not shown", async () => {
  vi.spyOn(api, "ticket").mockReturnValue(new Promise(() => undefined));
  const more = { inline: true, opens: false };
  const part = { part: 2, name: "a.png", type: "image/png", size: 3, ...more };
  await showMessage({ hasHtml: true, text: "words", parts: [part] });
  expect(document.body.textContent).not.toContain("a.png");
  find("as-text")?.click();
  await tick();
  expect(document.body.textContent).toContain("a.png");
});

const omar = { name: "Omar", address: "omar@example.org" };
const about = "example.net";
/** A stranger's words within a sentence, which they must not turn round. */
const own = (text: string) => `\u2068${text}\u2069`;

test.each([
  ["unchecked", [], null],
  ["confirmed", [], en.sender.confirmed(own("example.org"))],
  ["relay", [], en.sender.relay],
  ["unknown", [], en.sender.unknown],
  ["temporary", [], en.sender.temporary],
  ["failed", [en.sender.failed], null],
  ["quarantined", [en.sender.quarantined], null],
  ["own-domain", [en.sender.ownDomain], null],
] as const)(
  "what the check of the sender said (%s) is in the list, before and after opening",
  async (check, warnings, fact) => {
    const item = { from: fromLike({ ...omar, check }) };
    await showRow(item);
    const mark = find("row-sender");
    expect(mark?.textContent?.trim() ?? null).toBe(warnings.length > 0 ? en.sender.doubtful : null);
    // Who may be somebody else is not shown by name alone.
    expect(document.body.textContent?.includes("omar@example.org")).toBe(warnings.length > 0);
    if (page !== null) await unmount(page);
    const props = {
      item: itemLike({ reference: "R", ...item, opened: false }),
      ...{ opening: false, onopen: vi.fn(), onreject: vi.fn() },
    };
    page = mount(SealedCard, { target: document.body, props });
    const told = () => [
      [...document.querySelectorAll('[data-testid="sender-warning"]')].map((one) =>
        one.textContent?.trim(),
      ),
      find("sender-fact")?.textContent?.trim() ?? null,
    ];
    expect(told()).toEqual([warnings, fact]);
    await unmount(page);
    await showMessage(item);
    expect(told()).toEqual([warnings, fact]);
  },
);

test.each([
  ["name-address", en.sender.nameAddress(own(about), own("omar@examp1e.org")), true],
  ["lookalike", en.sender.lookalike(own("examp1e.org"), own(about)), true],
  ["borrowed-name", en.sender.borrowedName(own(about), own("omar@examp1e.org")), true],
  ["reply-domain", en.sender.replyElsewhere(own(about)), false],
] as const)("what contradicts the sender (%s) is said", async (kind, sentence, isListed) => {
  // It says whom of several authors it is about.
  const warnings = [{ kind, about, author: "omar@examp1e.org" }];
  const item = { from: fromLike({ ...omar, check: "confirmed", warnings }) };
  await showRow(item);
  expect(find("row-sender") !== null).toBe(isListed);
  if (page !== null) await unmount(page);
  page = mount(Folded, {
    target: document.body,
    props: { item: itemLike({ reference: "R", ...item }), onshow: vi.fn() },
  });
  expect(find("folded-sender") !== null).toBe(isListed);
  expect(find("folded")?.textContent?.includes("omar@example.org")).toBe(isListed);
  await unmount(page);
  await showMessage(item);
  expect(find("sender-warning")?.textContent?.trim()).toBe(sentence);
});

test("a message from outside whose sender nobody checked says so", async () => {
  for (const [kind, said] of [
    ["tls", en.sender.unchecked],
    ["clear", en.sender.unchecked],
    ["inside", null],
    ["imported", null],
  ] as const) {
    const protection = { kind, version: null, peer: null };
    await showMessage({ from: fromLike(omar), protection });
    expect([kind, find("sender-fact")?.textContent?.trim() ?? null]).toEqual([kind, said]);
    if (page !== null) await unmount(page);
    page = null;
  }
});

test("all authors of a message are shown", async () => {
  const authors = [omar, { name: null, address: "r@evil.example" }];
  await showMessage({ from: fromLike(omar), authors });
  const shown = document.querySelector("header")?.textContent ?? "";
  expect(shown).toContain(en.reader.alsoFrom);
  expect(shown).toContain("r@evil.example");
});

test("a date that cannot be read is shown as it was written", async () => {
  await showMessage({ dateGiven: "Mon, 2 Nov 2026 24:00:00 +0000" });
  expect(find("date-given")?.textContent).toContain("Mon, 2 Nov 2026 24:00:00 +0000");
});

test("the subject comes first, then the earlier messages, then the head and the text", async () => {
  const before = createRawSnippet(() => ({ render: () => '<p data-testid="earlier"></p>' }));
  const detail = detailLike({ reference: "R", subject: "The pond", text: "words" });
  page = mount(Message, { target: document.body, props: { detail, before } });
  await tick();
  const order = ["h2", "[data-testid=earlier]", "header", "[data-testid=text]"].map((part) =>
    [...document.querySelectorAll("*")].indexOf(document.querySelector(part) as Element),
  );
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test("the facts are under Details, and a warning is not", async () => {
  const protection = { kind: "tls", version: "TLSv1_3", peer: "mx.example" } as const;
  await showMessage({ protection, openedAt: "2026-11-23T10:00:00Z" });
  const list = find("details-list");
  expect(list?.hidden).toBe(true);
  for (const fact of [en.reader.reference, en.reader.opened, "mx.example"])
    expect(list?.textContent).toContain(fact);
  expect(find("details")?.getAttribute("aria-expanded")).toBe("false");
  find("details")?.click();
  await tick();
  expect([list?.hidden, find("details")?.getAttribute("aria-expanded")]).toEqual([false, "true"]);
  if (page !== null) await unmount(page);
  await showMessage({ protection: { kind: "clear", version: null, peer: "mx.example" } });
  expect(find("protection")?.closest("[hidden]")).toBeNull();
  expect(find("protection")?.textContent).toBe(en.protection.clear);
  expect(find("travelled")?.textContent).toContain("mx.example");
});

test("the first line names few recipients, and Details all of them with their addresses", async () => {
  const to = ["Omar", "Lea", "Noa", "Eve"].map((name) => ({
    name,
    address: `${name}@example.org`,
  }));
  await showMessage({ to });
  const line = document.querySelector("header .to")?.textContent ?? "";
  expect(line).toContain("Omar,Lea");
  expect(line).toContain(en.reader.more(2));
  for (const { address } of to) {
    expect(line).not.toContain(address);
    expect(find("details-list")?.textContent).toContain(address);
  }
});

test.each([
  ["Re: החוזה, גרסה שנייה", "rtl"],
  ["RE[2]: Fwd: החוזה", "rtl"],
  ["החוזה: version 2", "rtl"],
  ["Re: The contract", "ltr"],
  ["Re: العقد", "rtl"],
  ["Resubmitted: החוזה", "ltr"],
  ["Re: 2026-118", "auto"],
  ["", "auto"],
])("the direction of %j is that of its own words (%s)", (subject, dir) => {
  expect(subjectDir(subject)).toBe(dir);
});

test.each([
  ["[127.0.0.1] [127.0.0.1]", "[127.0.0.1]"],
  ["mx.example [127.0.0.1]", "mx.example [127.0.0.1]"],
  ["mx.example", "mx.example"],
])("a peer that names its address is not named twice (%s)", (peer, named) => {
  const protection = { kind: "tls", version: "TLSv1_3", peer } as const;
  expect(travelled(protection, en)).toBe(en.protection.tls("TLS 1_3", named));
});

test("what is being rejected is not counted, and counts again if it is kept", () => {
  mail.boxes = [boxLike({ id: "in", role: "inbox", total: 3, unread: 2, unopened: 2 })];
  const item = itemLike({ reference: "R", unread: true, opened: false });
  mail.items = { R: item };
  const counts = () => mail.boxes.map(({ total, unread, unopened }) => [total, unread, unopened]);
  mail.held.add("R");
  expect(counts()).toEqual([[2, 1, 1]]);
  // Counts that come from the server meanwhile still include it.
  mail.boxes = [boxLike({ id: "in", role: "inbox", total: 4, unread: 3, unopened: 3 })];
  expect(counts()).toEqual([[3, 2, 2]]);
  mail.held.delete("R");
  expect(counts()).toEqual([[4, 3, 3]]);
  mail.held.add("R");
  mail.forget("R");
  mail.held.delete("R");
  expect(counts()).toEqual([[3, 2, 2]]);
});

test("a password can be shown, and is hidden at first", async () => {
  const props = { value: "", label: "Password", describedby: "", testid: "p" };
  page = mount(PasswordField, { target: document.body, props });
  const type = () => find("p")?.getAttribute("type");
  expect([type(), find("p-eye")?.getAttribute("aria-label")]).toEqual(["password", en.signIn.show]);
  find("p-eye")?.click();
  await tick();
  expect([type(), find("p-eye")?.getAttribute("aria-label")]).toEqual(["text", en.signIn.hide]);
});

const eml = {
  part: 2,
  name: "plan.eml",
  type: "message/rfc822",
  size: 9,
  inline: false,
  opens: true,
};

function innerLike(text: string): Attached {
  const said = detailLike({ reference: "I", text, parts: [eml] });
  return { ...said, from: [{ name: "Omar", address: "omar@far.example" }], subject: "The plan" };
}

test("an attached message opens over its message, and the one in it over that", async () => {
  const read = vi
    .spyOn(api, "messageAttached")
    .mockImplementation(async (_, within) => innerLike(`words ${within.join()}`));
  await showMessage({ text: "outer", parts: [eml] });
  find("open-inside")?.click();
  await vi.waitFor(() => expect(find("inside-text")?.textContent).toBe("words 2"));
  const box = find("inside-box");
  expect(box?.textContent).toContain("The plan");
  expect(box?.textContent).toContain("Omar");
  expect(box?.textContent).toContain(en.reader.insideNote);
  box?.querySelector<HTMLElement>("[data-testid=open-inside]")?.click();
  await vi.waitFor(() => expect(read).toHaveBeenLastCalledWith("R", [2, 2]));
});

test("a message within another says what is known of it, also without an author", async () => {
  vi.spyOn(api, "messageAttached").mockResolvedValue({ ...innerLike("words"), from: [] });
  await showMessage({ text: "outer", parts: [eml] });
  find("open-inside")?.click();
  await vi.waitFor(() => expect(find("inside-text")?.textContent).toBe("words"));
  const box = find("inside-box");
  expect(box?.textContent).toContain("The plan");
  expect(box?.textContent).toContain(en.reader.insideNote);
});

test("a file that is the whole message is shown in its place", async () => {
  vi.spyOn(api, "messageAttached").mockResolvedValue(innerLike("what was signed"));
  await showMessage({ text: null, parts: [eml] });
  await vi.waitFor(() => expect(find("inside-text")?.textContent).toBe("what was signed"));
  expect(document.body.textContent).not.toContain(en.reader.noText);
});

test("an invitation, a card and a signature are named in words", async () => {
  const invitation: Detail["invitation"] = {
    ...({ method: "request" } as const),
    ...{ summary: "Budget", description: "1. Plans\nhttps://a.example/p", location: "Room 4" },
    ...{ start: { date: "2026-12-01", time: "09:30", zone: "Europe/Berlin" }, end: null },
    ...{ repeats: true, attendee: null, answer: null },
    organizer: { name: "Omar", address: "omar@far.example" },
  };
  const contact = {
    name: "Dana",
    organization: "Acme",
    emails: ["d@a.example"],
    phones: ["1", "2"],
  };
  await showMessage({ invitation, contacts: [contact], cryptography: "signed-smime", text: null });
  const said = (id: string) => find(id)?.textContent?.replace(/\s+/gu, " ") ?? "";
  const words = [en.facts.request, "Budget", "Room 4", "(Europe/Berlin)", en.facts.repeats];
  // Anybody may be called Omar: the address stands beside the name.
  words.push("\u2068Omar\u2069 <\u2068omar@far.example\u2069>");
  for (const word of words) expect(said("invitation")).toContain(word);
  for (const word of ["Dana", "Acme", "d@a.example", "1, 2"])
    expect(said("contact")).toContain(word);
  // The lines stay, and what is an address can be followed.
  expect(find("description")?.textContent?.trim()).toBe("1. Plans\nhttps://a.example/p");
  expect(find("description")?.querySelector("a")?.rel).toBe("noopener noreferrer");
  expect(said("cryptography")).toContain(en.facts.signed("S/MIME"));
  expect(document.body.textContent).not.toContain(en.reader.noText);
});

test("what neither says that it is signed nor that it is encrypted is called neither", async () => {
  await showMessage({ cryptography: "smime" });
  expect(find("cryptography")?.textContent).toContain(en.facts.smime);
});

test("the way to unsubscribe is a page, which opens after a question only", async () => {
  const opened = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
  await showMessage({ unsubscribe: ["mailto:o@a.example", "https://a.example/out"] });
  await vi.waitFor(() => expect(find("unsubscribe")).not.toBeNull());
  find("unsubscribe")?.click();
  await tick();
  expect(find("confirm")?.textContent).toContain(en.facts.unsubscribeAsk("a.example"));
  expect(opened).not.toHaveBeenCalled();
  find("confirm-yes")?.click();
  const links = opened.mock.contexts as HTMLAnchorElement[];
  expect(links.map((link) => link.href)).toEqual(["https://a.example/out"]);
});
