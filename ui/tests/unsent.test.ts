// What the sender is told when a message was submitted but does not go to everyone.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/sending.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { toasts } from "../src/state/toasts.svelte.ts";
import { announceSent } from "../src/views/compose/composers.svelte.ts";
import ReplyBox from "../src/views/portal/ReplyBox.svelte";
import { detailLike } from "./fixtures.ts";

const REFERENCE = "01KAN-5Q7DC-8E2XV-M9T4H";

const delivery = (address: string, state: api.State): api.Delivery => ({
  ...{ address, route: "inside", state, protected: true, at: "2026-11-23T10:00:00Z" },
  ...{ history: [], reason: null, temporary: null },
});
const submission = (...recipients: api.Delivery[]): api.Submission => ({
  ...{ reference: REFERENCE, acceptedAt: "2026-11-23T10:00:00Z", undoUntil: null },
  recipients,
});

beforeEach(() => languageUse("en"));
afterEach(() => {
  toasts.clear();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const eve = "eve@outside.example";
const omar = "omar@example.org";

test.each([
  [submission(delivery(omar, "held")), "info", en.compose.sent(REFERENCE)],
  [submission(delivery(eve, "refused")), "error", en.compose.notSent(REFERENCE, eve)],
  [
    submission(delivery(omar, "failed"), delivery(eve, "refused")),
    "error",
    en.compose.notSent(REFERENCE, `${omar}, ${eve}`),
  ],
  [
    submission(delivery(omar, "delivered"), delivery(eve, "refused")),
    "error",
    en.compose.sentBut(REFERENCE, eve),
  ],
] as const)("a message is called sent only if it goes somewhere (%#)", (sent, kind, text) => {
  announceSent(sent);
  expect(toasts.items).toMatchObject([{ kind, text }]);
});

test("an outsider's reply that was refused is not called sent", async () => {
  const draft: api.Draft = {
    ...{ id: "d1", version: 1, savedAt: "2026-11-23T10:00:00Z", uploads: [] },
    ...{ to: [{ name: null, address: omar }], cc: [], bcc: [], subject: "Re: x", text: "" },
    ...{
      html: null,
      attachments: [],
      related: { reference: "R", kind: "reply" },
      choices: {},
      signed: null,
    },
  };
  vi.spyOn(api, "draftList").mockResolvedValue({ items: [] });
  vi.spyOn(api, "draftFrom").mockResolvedValue(draft);
  vi.spyOn(api, "draftSave").mockResolvedValue({ ...draft, version: 2 });
  vi.spyOn(api, "submit").mockResolvedValue(submission(delivery(omar, "failed")));
  const page = mount(ReplyBox, {
    target: document.body,
    props: { detail: detailLike({ reference: "R" }) },
  });
  const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  const text = find("portal-reply-text") as HTMLTextAreaElement;
  text.value = "Yes";
  text.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  find("portal-reply-send")?.click();
  await vi.waitFor(() =>
    expect(find("portal-reply-unsent")?.textContent).toBe(en.compose.notSent(REFERENCE, omar)),
  );
  expect(find("portal-reply-sent")).toBeNull();
  await unmount(page);
});
