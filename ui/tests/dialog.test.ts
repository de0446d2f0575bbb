// The focus of a dialog starts where users type or act, so that typing blind works.
import { mount, tick, unmount, type Component } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Confirm from "../src/components/Confirm.svelte";
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
  ["rejecting", RejectDialog, { onreject: vi.fn(), onclose }, "reason-none"],
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
