// The composer's logic, with a simulated server.
import type { MarkType } from "prosemirror-model";
import { EditorState, TextSelection } from "prosemirror-state";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import AddressField from "../src/views/compose/AddressField.svelte";
import ComposerPanel from "../src/views/compose/ComposerPanel.svelte";
import Composers from "../src/views/compose/Composers.svelte";
import { composers } from "../src/views/compose/composers.svelte.ts";
import { correspondents } from "../src/views/compose/correspondents.svelte.ts";
import { addressOf, Composer } from "../src/views/compose/composer.svelte.ts";
import { documentOf, editorStart, htmlOf, schema, textOf } from "../src/views/compose/editor.ts";
import { hrefOf } from "../src/views/compose/href.ts";
import { wordLinked } from "../src/views/compose/links.ts";
import { sign, withSignature, withSignatureHtml } from "../src/views/compose/signature.ts";
import { outcomeText } from "../src/views/compose/outcome.ts";
import { ApiError } from "../src/api/client.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import * as api from "../src/api/sending.ts";
import type { Account } from "../src/api/types.ts";
import { prefs } from "../src/state/prefs.svelte.ts";
import { session } from "../src/state/session.svelte.ts";
import { problemLike } from "./fixtures.ts";

const DRAFT: api.Draft = {
  id: "d1",
  version: 1,
  savedAt: "2026-11-23T12:04:00Z",
  uploads: [],
  to: [],
  cc: [],
  bcc: [],
  subject: "",
  text: "",
  html: null,
  attachments: [],
  related: null,
  choices: {},
  signed: null,
};

const accountLike: Account = {
  ...{ id: "a1", name: "dana", address: "dana@example.org", displayName: "Dana" },
  ...{
    kind: "internal",
    manager: false,
    mustChoosePassword: false,
    calendar: true,
    temporary: null,
  },
};

beforeEach(async () => {
  await languageUse("en");
  vi.useFakeTimers();
  vi.spyOn(api, "check").mockResolvedValue({ items: [] });
  vi.spyOn(api, "directory").mockResolvedValue({ enabled: false, items: [], more: false });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  ["noa@outside.example", { name: null, address: "noa@outside.example" }],
  ["Noa Bar <noa@outside.example>", { name: "Noa Bar", address: "noa@outside.example" }],
  ['"Bar, Noa" <noa@outside.example>', { name: "Bar, Noa", address: "noa@outside.example" }],
  ["noa", null],
  ["@outside.example", null],
  ["a b@c.example", null],
])("%s as an address", (text, expected) => {
  expect(addressOf(text)).toEqual(expected);
});

test("an address is added once, and an invalid one stays to be corrected", () => {
  const composer = new Composer();
  expect(composer.add("to", "a@x.example, nobody; A@X.example")).toBe("nobody");
  expect(composer.to.map((one) => one.address)).toEqual(["a@x.example"]);
});

test("a login name is completed with the domain, and other text is not", () => {
  const composer = new Composer();
  expect(composer.add("to", "omar, not a name, @x", "example.org")).toBe("not a name, @x");
  expect(composer.to.map((one) => one.address)).toEqual(["omar@example.org"]);
  expect(composer.add("to", "omar", "")).toBe("omar");
  for (const name of ["etc.", "and-", "x_", "."])
    expect(composer.add("to", name, "example.org")).toBe(name);
  expect(composer.add("to", "a.b-c_1; י", "example.org")).toBe("");
  expect(composer.to.map((one) => one.address).slice(1)).toEqual([
    "a.b-c_1@example.org",
    "י@example.org",
  ]);
});

const check = (given: Partial<api.Check>): api.Check => ({
  ...{ address: "nobody@example.org", resolved: null, route: "inside", allowed: [], reason: null },
  source: { fixed: false, level: "inside" },
  ...given,
});

test("a recipient who will not get the message is not shown as an internal one", async () => {
  const item = check({ reason: "unknown-recipient" });
  vi.mocked(api.check).mockResolvedValue({ items: [item] });
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  composer.add("to", item.address);
  await composer.checkAll();
  const page = mount(AddressField, { target: document.body, props: { composer, field: "to" } });
  const chip = document.querySelector("[data-testid=chip]");
  expect(chip?.textContent).toContain(en.compose.reasons["unknown-recipient"]);
  expect(chip?.textContent).not.toContain(en.compose.routes.inside);
  expect(chip?.classList.contains("refused")).toBe(true);
  await unmount(page);
});

test("an earlier answer that comes last takes the way to no recipient back", async () => {
  const [one, other] = [check({ address: "a@example.org" }), check({ address: "b@example.org" })];
  const answers: ((answer: { items: api.Check[] }) => void)[] = [];
  vi.mocked(api.check).mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
  const composer = new Composer();
  composer.add("to", one.address);
  composer.add("to", other.address);
  answers[1]?.({ items: [one, other] });
  await vi.waitFor(() => expect(composer.checks[other.address]).toBeDefined());
  answers[0]?.({ items: [one] });
  await vi.advanceTimersByTimeAsync(1);
  expect(Object.keys(composer.checks)).toEqual([one.address, other.address]);
});

test.each([
  // The correspondents, whether Enter makes an address of "omar".
  [[], true],
  [["Omar@example.org"], true],
  [["omar@outside.example"], false],
  [["omar@example.org", "omar@outside.example"], false],
])("with the correspondents %j offered, Enter completes a name: %s", async (known, completes) => {
  const items = known.map((address) => ({ name: null, address }));
  vi.spyOn(api, "correspondents").mockResolvedValue({ items });
  correspondents.forget();
  session.account = accountLike;
  const composer = new Composer();
  const props = { composer, field: "to", autofocus: true } as const;
  const page = mount(AddressField, { target: document.body, props });
  await vi.waitFor(() => expect(document.querySelector("datalist")).not.toBeNull());
  await vi.waitFor(() => expect(correspondents.all).toHaveLength(known.length));
  composer.typing.to = "omar";
  flushSync();
  const input = document.querySelector("[data-testid=composer-to]");
  input?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  const taken = composer.to.map(({ address }) => address);
  expect(taken).toEqual(completes ? ["omar@example.org"] : []);
  expect(composer.typing.to).toBe(completes ? "" : "omar");
  await unmount(page);
  session.account = null;
  correspondents.forget();
});

const refusedBy = (reason: api.Check["reason"]) => check({ route: "refused", reason });
test.each([
  [[refusedBy("rules")], en.compose.outcomes.refused],
  [[refusedBy("intranet")], en.compose.outcomes.refused],
  [[check({ reason: "mailbox-full" }), refusedBy("rules")], en.compose.outcomes.refused],
  // The organisation forbids nothing here.
  [[refusedBy("no-address")], en.compose.outcomes.notAll],
  [[check({ reason: "not-local" })], en.compose.outcomes.notAll],
  [[check({})], en.compose.gets.inside("\u2068r0@example.org\u2069", 1)],
])("the composer blames the organisation only for what it forbids (%#)", async (checks, said) => {
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  const to = checks.map((one, i) => ({ ...one, address: `r${i}@example.org` }));
  composer.checks = Object.fromEntries(to.map((one) => [one.address, one]));
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  const outcome = document.querySelector("[data-testid=composer-outcome]");
  await vi.waitFor(() => expect(outcome?.textContent?.trim()).toBe(said));
  await unmount(page);
});

test("a draft that does not fit into the mailbox says so until it is changed", async () => {
  const full = new ApiError(problemLike(507, "mailbox-full"), null);
  vi.spyOn(api, "draftCreate").mockRejectedValue(full);
  const composer = new Composer();
  composer.text = "Hello";
  composer.changed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(composer.unsaved).toBe(true);
  expect(composer.problem).toMatch(/^Your mailbox is full\./);
  composer.changed();
  expect(composer.problem).toBe("");
});

test("a draft is saved after a pause of one second, and not before", async () => {
  const create = vi.spyOn(api, "draftCreate").mockResolvedValue(DRAFT);
  const composer = new Composer();
  composer.text = "Hello";
  composer.changed();
  await vi.advanceTimersByTimeAsync(900);
  expect(create).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(create).toHaveBeenCalledOnce();
  expect(composer.savedAt).toBe(DRAFT.savedAt);
});

test.each([true, false])(
  "who closes a message waits for what is being saved (%s)",
  async (kept) => {
    let answer: () => void = () => undefined;
    const create = vi.spyOn(api, "draftCreate").mockImplementation(
      () =>
        new Promise((resolve, reject) => {
          answer = () => (kept ? resolve(DRAFT) : reject(new Error("no")));
        }),
    );
    const composer = new Composer();
    composer.text = "Hello";
    composer.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(create).toHaveBeenCalledOnce();
    composers.open = [composer];
    const closing = composers.close(composer);
    await vi.advanceTimersByTimeAsync(0);
    expect(composers.open).toEqual([composer]);
    answer();
    await closing;
    expect(composers.open).toEqual(kept ? [] : [composer]);
    composers.open = [];
  },
);

test("an empty message is never saved", async () => {
  const create = vi.spyOn(api, "draftCreate").mockResolvedValue(DRAFT);
  const composer = new Composer();
  composer.changed();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(create).not.toHaveBeenCalled();
});

test("nothing is sent without a recipient, or while a file is uploading", async () => {
  const submit = vi.spyOn(api, "submit");
  const composer = new Composer();
  await composer.send();
  expect(composer.problem).not.toBe("");
  composer.add("to", "a@x.example");
  const file = new File(["x"], "x");
  composer.files = [{ key: 1, name: "x", size: 1, file, upload: null, state: "going" }];
  await composer.send();
  expect(submit).not.toHaveBeenCalled();
});

test("a missing attachment is noticed if the text mentions one outside the quotation", () => {
  const composer = new Composer();
  composer.subject = "The file";
  composer.text = "See the attached file.";
  expect(composer.forgotten).toEqual(["file"]);
  composer.text = "I agree.\n> see the attached file";
  expect(composer.forgotten).toEqual([]);
});

test("a message without a subject is asked about once, after what hinders it", async () => {
  vi.useRealTimers();
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  vi.spyOn(api, "draftCreate").mockResolvedValue(DRAFT);
  const submit = vi.spyOn(api, "submit").mockRejectedValue(new Error("not now"));
  const composer = new Composer();
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  const find = (name: string) => document.querySelector<HTMLElement>(`[data-testid=${name}]`);
  find("composer-send")?.click();
  flushSync();
  expect(composer.problem).toBe(en.compose.nobody);
  expect(find("forgot-dialog")).toBeNull();
  composer.add("to", "a@x.example");
  find("composer-send")?.click();
  await vi.waitFor(() =>
    expect(find("forgot-dialog")?.textContent).toContain(en.compose.noSubject),
  );
  find("forgot-back")?.click();
  await vi.waitFor(() => expect(find("forgot-dialog")).toBeNull());
  expect(submit).not.toHaveBeenCalled();
  find("composer-send")?.click();
  await vi.waitFor(() => expect(find("forgot-send")).not.toBeNull());
  find("forgot-send")?.click();
  await vi.waitFor(() => expect(submit).toHaveBeenCalledTimes(1));
  await vi.waitFor(() => expect(composer.sending).toBe(false));
  find("composer-send")?.click();
  await vi.waitFor(() => expect(submit).toHaveBeenCalledTimes(2));
  await unmount(page);
});

test("text goes into the editor's document and comes out again", () => {
  const doc = documentOf("one\n\ntwo");
  expect(textOf(doc)).toBe("one\n\ntwo");
  expect(htmlOf(doc)).toBe("<p>one</p><p></p><p>two</p>");
});

test("a signature comes after the text and before the quotation, and is not text by itself", () => {
  const fresh = new Composer();
  sign(fresh, "Dana\n03-555");
  expect(fresh.text).toBe("\n\n-- \nDana\n03-555\n");
  expect(fresh.empty).toBe(true);
  fresh.text = `Hello${fresh.text}`;
  expect(fresh.empty).toBe(false);
  expect(withSignature("\n\nOn Monday:\n> x", "Dana")).toBe("\n\n-- \nDana\n\n\nOn Monday:\n> x");
  expect(withSignatureHtml("<p>x</p>", "a <b> & c")).toBe(
    "<p></p><p>-- <br>a &lt;b&gt; &amp; c</p><p>x</p>",
  );
});

test.each([
  ["  ", ""],
  ["Dana", "\n\n-- \nDana\n"],
])("with the signature %j a new message begins as %j", async (signature, text) => {
  prefs.signature = signature;
  composers.fresh();
  await vi.waitFor(() => expect(composers.open).toHaveLength(1));
  expect(composers.open[0]?.text).toBe(text);
  composers.clear();
  prefs.signature = "";
});

test("what each recipient gets is said by name, what is unprotected first", () => {
  const people = ["omar", "lea", "eve", "max"].map((name) => ({
    name: name === "eve" ? null : name,
    address: `${name}@x.example`,
  }));
  const routes = ["inside", "temporary-account", "plain", "temporary-account"] as const;
  const checks = Object.fromEntries(
    people.map(({ address }, i) => [address, check({ address, route: routes[i] ?? "inside" })]),
  );
  expect(plainWords(outcomeText(people, checks, en, "en"))).toBe(
    "eve@x.example gets it as ordinary email, which others could read on the way. " +
      "lea, max get a notification without its content, and read it here in temporary accounts. " +
      "omar reads it here, inside your organisation.",
  );
  const refused = { ...checks, "lea@x.example": check({ reason: "accept-from" }) };
  expect(plainWords(outcomeText(people, refused, en, "en"))).toMatch(
    /^At least one recipient will not get this message.* max gets a notification/,
  );
  const many = ["a", "b", "c", "d", "e"].map((name) => `${name}@x.example`);
  const inside = Object.fromEntries(many.map((address) => [address, check({ address })]));
  expect(plainWords(outcomeText([], inside, en, "en"))).toMatch(/^a@.*, b@.*, c@.*, 2 others read/);
});
const plainWords = (text: string) => text.replace(/[\u2068\u2069]/g, "");

test.each([
  ["example.org", "https://example.org"],
  [" www.example.org/a?b#c ", "https://www.example.org/a?b#c"],
  ["http://x.example", "http://x.example"],
  ["noa@x.example", "mailto:noa@x.example"],
  ["mailto:noa@x.example", "mailto:noa@x.example"],
  ["javascript:alert(1)", null],
  ["data:text/html,x", null],
  ["https://x.example/a b", null],
  ["https://", null],
  ["hello", null],
  ["", null],
])("%j as the address of a link", (text, href) => {
  expect(hrefOf(text)).toBe(href);
});

/** An editor in the page with the text; returns it, its view's content and what it last gave out. */
function editing(text: string) {
  const holder = document.createElement("div");
  document.body.append(holder);
  const out = { html: "", link: null as string | null, asked: 0 };
  const editor = editorStart(holder, {
    ...{ html: null, text, label: "Text", onsend: () => undefined },
    onchange: (html) => (out.html = html),
    onactive: (_, href) => (out.link = href),
    onlink: () => (out.asked += 1),
  });
  return { editor, out, body: holder.querySelector("[contenteditable]") as HTMLElement };
}

test("a link is made of the selection, changed and removed, and Ctrl+K asks for one", () => {
  const { editor, out, body } = editing("");
  editor.link("https://x.example");
  expect(out.html).toBe('<p><a href="https://x.example">https://x.example</a></p>');
  expect(out.link).toBe("https://x.example");
  editor.link("mailto:noa@x.example");
  expect(out.html).toBe('<p><a href="mailto:noa@x.example">https://x.example</a></p>');
  editor.link(null);
  expect(out.html).toBe("<p>https://x.example</p>");
  body.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }));
  expect(out.asked).toBe(1);
  editor.destroy();
});

test.each([
  ["See https://x.example/a.", "https://x.example/a", "https://x.example/a"],
  ["(www.x.example)", "www.x.example", "https://www.x.example"],
  ["ask noa@x.example", "noa@x.example", "mailto:noa@x.example"],
  ["e.g.this", null, null],
])("the typed %j becomes a link when the word ends", (text, shown, href) => {
  const doc = documentOf(text);
  const state = EditorState.create({ doc, selection: TextSelection.atEnd(doc) });
  const tr = wordLinked(state, schema.marks.link as MarkType);
  const html = tr === null ? htmlOf(doc) : htmlOf(tr.doc);
  const link = /<a href="(.*?)">(.*?)<\/a>/.exec(html);
  expect([link?.[2] ?? null, link?.[1] ?? null]).toEqual([shown, href]);
});

test("a composer is minimised to its title and opened again with what was typed", async () => {
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  composer.subject = "Offer";
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  const panel = document.querySelector("[data-testid=composer]") as HTMLElement;
  const press = (name: string) => {
    panel.querySelector<HTMLElement>(`[data-testid=composer-${name}]`)?.click();
    flushSync();
  };
  press("minimise");
  expect(panel.dataset.shape).toBe("minimised");
  expect(panel.querySelector<HTMLElement>(".inside")?.hidden).toBe(true);
  expect(panel.querySelector("h2")?.textContent).toBe("Offer");
  press("title");
  expect(panel.dataset.shape).toBe("docked");
  press("full");
  expect(panel.dataset.shape).toBe("full");
  expect(panel.querySelector<HTMLElement>(".inside")?.hidden).toBe(false);
  // Every button says what it does, in words.
  for (const button of panel.querySelectorAll("button, label.icon-button"))
    expect(button.getAttribute("title") ?? button.textContent?.trim()).not.toBe("");
  await unmount(page);
});

test("files dropped anywhere on the page are attached to the composer used last", async () => {
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const [first, second] = [new Composer(), new Composer()];
  const attached = [first, second].map((one) => vi.spyOn(one, "attach").mockReturnValue());
  composers.open = [first, second];
  const page = mount(Composers, { target: document.body });
  await import("../src/views/compose/Drops.svelte");
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
  composers.focused = first;
  const drag = (kind: string, types: string[]) => {
    const event = new Event(kind, { bubbles: true, cancelable: true });
    const dataTransfer = { types, files: [new File(["x"], "x.txt")], dropEffect: "none" };
    Object.assign(event, { dataTransfer });
    document.body.dispatchEvent(event);
    flushSync();
    return event.defaultPrevented;
  };
  const shown = () => document.querySelector("[data-testid=composer-drop]") !== null;
  expect(drag("dragover", ["text/plain"])).toBe(false);
  expect(shown()).toBe(false);
  expect(drag("dragover", ["Files"])).toBe(true);
  expect(shown()).toBe(true);
  expect(drag("drop", ["Files"])).toBe(true);
  expect(shown()).toBe(false);
  expect(attached.map((one) => one.mock.calls.length)).toEqual([1, 0]);
  // A picture of the page that is moved is no file from elsewhere, though it is listed as one.
  document.body.dispatchEvent(new Event("dragstart", { bubbles: true }));
  expect(drag("dragover", ["Files"])).toBe(false);
  expect(drag("drop", ["Files"])).toBe(false);
  // Not to one that is closed.
  composers.open = [second];
  flushSync();
  drag("drop", ["Files"]);
  expect(attached.map((one) => one.mock.calls.length)).toEqual([1, 1]);
  composers.clear();
  await unmount(page);
});

test("a toolbar button shows whether it is active, and Code can be switched off", () => {
  const holder = document.createElement("div");
  document.body.append(holder);
  const said: string[][] = [];
  const editor = editorStart(holder, {
    html: null,
    text: "x = 1",
    label: "Text",
    onchange: () => undefined,
    onactive: (marks) => said.push([...marks]),
    onsend: () => undefined,
  });
  editor.toggle("pre");
  expect(said.at(-1)).toEqual(["pre"]);
  editor.toggle("pre");
  expect(said.at(-1)).toEqual([]);
  editor.destroy();
});
