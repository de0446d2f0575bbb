// The composer's logic, with a simulated server.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import AddressField from "../src/views/compose/AddressField.svelte";
import ComposerPanel from "../src/views/compose/ComposerPanel.svelte";
import { correspondents } from "../src/views/compose/correspondents.svelte.ts";
import {
  addressOf,
  Composer,
  withSignature,
  withSignatureHtml,
} from "../src/views/compose/composer.svelte.ts";
import { documentOf, editorStart, htmlOf, textOf } from "../src/views/compose/editor.ts";
import { ApiError } from "../src/api/client.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import * as api from "../src/api/sending.ts";
import type { Account } from "../src/api/types.ts";
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
};

const accountLike: Account = {
  ...{ id: "a1", name: "dana", address: "dana@example.org", displayName: "Dana" },
  ...{ kind: "internal", manager: false, mustChoosePassword: false, temporary: null },
};

beforeEach(async () => {
  await languageUse("en");
  vi.useFakeTimers();
  vi.spyOn(api, "check").mockResolvedValue({ items: [] });
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
  ...{ address: "nobody@example.org", route: "inside", allowed: [], reason: null },
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
  const page = mount(AddressField, { target: document.body, props: { composer, field: "to" } });
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
  [[check({})], en.compose.outcomes.inside],
])("the composer blames the organisation only for what it forbids (%#)", async (checks, said) => {
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  composer.checks = Object.fromEntries(checks.map((one, i) => [`r${i}@example.org`, one]));
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  expect(document.querySelector("[data-testid=composer-outcome]")?.textContent).toBe(said);
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
  composer.text = "See the attached file.";
  expect(composer.forgotFile).toBe(true);
  composer.text = "I agree.\n> see the attached file";
  expect(composer.forgotFile).toBe(false);
});

test("text goes into the editor's document and comes out again", () => {
  const doc = documentOf("one\n\ntwo");
  expect(textOf(doc)).toBe("one\n\ntwo");
  expect(htmlOf(doc)).toBe("<p>one</p><p></p><p>two</p>");
});

test("a signature comes after the text and before the quotation, and is not text by itself", () => {
  const fresh = new Composer(null, "Dana\n03-555");
  expect(fresh.text).toBe("\n\n-- \nDana\n03-555\n");
  expect(fresh.empty).toBe(true);
  fresh.text = `Hello${fresh.text}`;
  expect(fresh.empty).toBe(false);
  expect(withSignature("\n\nOn Monday:\n> x", "Dana")).toBe("\n\n-- \nDana\n\n\nOn Monday:\n> x");
  expect(withSignatureHtml("<p>x</p>", "a <b> & c")).toBe(
    "<p></p><p>-- <br>a &lt;b&gt; &amp; c</p><p>x</p>",
  );
  expect(new Composer(null, "  ").text).toBe("");
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
