// The focus of a dialog starts where users type or act, so that typing blind works.
import { createRawSnippet, mount, tick, unmount, type Component } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Confirm from "../src/components/Confirm.svelte";
import Dialog from "../src/components/Dialog.svelte";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import Help from "../src/views/Help.svelte";
import BoxDialog from "../src/views/mail/BoxDialog.svelte";
import LabelDialog from "../src/views/mail/LabelDialog.svelte";
import RejectDialog from "../src/views/mail/RejectDialog.svelte";
import Palette from "../src/views/Palette.svelte";
import SignInForm from "../src/views/signin/SignInForm.svelte";
import Tour from "../src/views/Tour.svelte";
import { boxLike } from "./fixtures.ts";

let page: Record<string, unknown> | null = null;

beforeEach(() => languageUse("en"));
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  document.body.replaceChildren();
});

const onclose = vi.fn();
const labels = { references: [], everything: false, onchange: vi.fn(), onclose };
const question = {
  title: "Sure?",
  lead: "It is gone then.",
  action: "Yes",
  onyes: vi.fn(),
  onclose,
};
const box = boxLike({ id: "b1", name: "Invoices" });

const focused: [string, Component<never>, object, string][] = [
  ["the command palette", Palette, { onclose }, "palette-field"],
  ["labels", LabelDialog, labels, "label-name"],
  ["a new folder", BoxDialog, { box: null, onclose }, "mailbox-name"],
  ["a folder that can be deleted", BoxDialog, { box, onclose }, "mailbox-name"],
  ["rejecting", RejectDialog, { asksReason: true, onreject: vi.fn(), onclose }, "reason-none"],
  ["the tour", Tour, {}, "tour-next"],
];

test.each(focused)(
  "%s starts at its first field or next step",
  async (_, dialog, props, testid) => {
    page = mount(dialog as Component, { target: document.body, props });
    await tick();
    expect(document.activeElement?.getAttribute("data-testid")).toBe(testid);
  },
);

test("a question starts at the answer that changes nothing", async () => {
  page = mount(Confirm, { target: document.body, props: question });
  await tick();
  expect(document.activeElement?.textContent).toBe(en.common.cancel);
});

const reject = { asksReason: false, onreject: vi.fn(), onclose };
test.each([
  ["a question", Confirm, question, question.lead],
  ["rejecting a message from outside", RejectDialog, reject, en.card.whyLeadOutside],
] as [string, Component<never>, object, string][])(
  "%s is read aloud with what it is about, although the focus starts after it",
  async (_, dialog, props, lead) => {
    page = mount(dialog as Component, { target: document.body, props });
    await tick();
    const about = document.querySelector("dialog")?.getAttribute("aria-describedby") ?? "";
    expect(document.getElementById(about)?.textContent).toBe(lead);
  },
);

test.each([
  ["<select disabled></select><textarea disabled></textarea><input data-at>"],
  ["<input data-first disabled><textarea data-at></textarea>"],
  ["<textarea readonly></textarea><select data-at></select>"],
  ["<button disabled>1</button><button class=danger>2</button><button data-at>3</button>"],
])("a dialog starts at nothing that is disabled (%s)", async (html) => {
  const children = createRawSnippet(() => ({ render: () => `<div>${html}</div>` }));
  const props = { title: "Sure?", onclose, children };
  page = mount(Dialog, { target: document.body, props });
  await tick();
  expect(document.activeElement?.hasAttribute("data-at")).toBe(true);
});

test("a dialog without anything to do starts at its title", async () => {
  page = mount(Help, { target: document.body, props: { onclose } });
  await tick();
  expect(document.activeElement?.textContent).toBe(en.help.title);
});

test("signing in again asks for the password of a known user first", () => {
  page = mount(SignInForm, { target: document.body, props: { known: "dana" } });
  const first = document.querySelector("[data-first]");
  expect(first?.getAttribute("data-testid")).toBe("sign-in-password");
});
