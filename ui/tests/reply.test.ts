/**
 * P-37: the reply of an outside recipient: saved, sent once, to the recipients that the server set.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, Unreachable } from "../src/api/client.ts";
import * as api from "../src/api/sending.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { Reply } from "../src/views/portal/reply.svelte.ts";
import { problemLike } from "./fixtures.ts";

vi.mock("../src/api/sending.ts");

const draft = (version: number, more: Partial<api.Draft> = {}): api.Draft => ({
  id: "d1",
  version,
  savedAt: "2026-11-23T10:00:00Z",
  to: [{ name: "Dana Levi", address: "dana@example.org" }],
  cc: [],
  bcc: [],
  subject: "Re: Contract",
  text: "Dana wrote:\n> Hello",
  html: null,
  attachments: [],
  uploads: [],
  related: { reference: "R", kind: "reply" },
  choices: {},
  signed: null,
  ...more,
});
const upload = (received: number): api.Upload => {
  return { id: "u1", name: "a.txt", type: "text/plain", size: 4, received, chunkOctets: 4 };
};
const sent: api.Submission = {
  reference: "01KAN-5Q7DC-8E2XV-M9T4H",
  acceptedAt: "2026-11-23T10:00:01Z",
  undoUntil: null,
  recipients: [],
};
const refused = (status: number, code: string) => new ApiError(problemLike(status, code), null);
const saved = (call: number) => vi.mocked(api.draftSave).mock.calls[call]?.[2];
const keys = () => vi.mocked(api.submit).mock.calls.map(([, key]) => key);

let reply: Reply;

beforeEach(async () => {
  vi.useFakeTimers();
  await languageUse("en");
  vi.mocked(api.draftList).mockResolvedValue({ items: [] });
  vi.mocked(api.draftFrom).mockResolvedValue(draft(1));
  vi.mocked(api.draftSave).mockImplementation(async (_, version, content) =>
    draft(version + 1, content),
  );
  vi.mocked(api.submit).mockResolvedValue(sent);
  reply = new Reply("R");
});
afterEach(() => {
  vi.useRealTimers();
  vi.resetAllMocks();
});

test("viewing a message creates no draft", async () => {
  await reply.resume();
  expect(api.draftFrom).not.toHaveBeenCalled();
});

test("what is typed is saved once, after a pause of one second", async () => {
  for (const text of ["Y", "Ye", "Yes"]) {
    reply.text = text;
    reply.changed();
    await vi.advanceTimersByTimeAsync(400);
  }
  expect(api.draftFrom).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(api.draftSave).toHaveBeenCalledTimes(1);
  expect(saved(0)?.text).toBe("Yes\n\nDana wrote:\n> Hello");
  expect(reply.savedAt).not.toBeNull();
});

test("recipients, subject and thread stay as the server set them", async () => {
  reply.text = "Yes";
  reply.changed();
  await reply.send();
  const { to, subject, related, html } = draft(1);
  expect(saved(0)).toMatchObject({ to, subject, related, html });
  expect(reply.phase).toBe("sent");
});

test("a retry after a missing answer cannot send twice", async () => {
  vi.mocked(api.submit).mockRejectedValueOnce(new Unreachable());
  reply.text = "Yes";
  reply.changed();
  await reply.send();
  expect(reply.problem).toBe(en.portal.sendUnsure);
  await reply.send();
  expect(keys()).toHaveLength(2);
  expect(keys()[0]).toBe(keys()[1]);
  expect(keys()[0]).toMatch(/^[\w-]{8,64}$/);
});

test("a changed reply is a new submission", async () => {
  vi.mocked(api.submit).mockRejectedValueOnce(new Unreachable());
  reply.text = "Yes";
  reply.changed();
  await reply.send();
  reply.text = "No";
  reply.changed();
  await reply.send();
  expect(keys()[0]).not.toBe(keys()[1]);
});

test("an empty reply is not sent", async () => {
  reply.text = "  ";
  await reply.send();
  expect(reply.problem).toBe(en.portal.empty);
  expect(api.submit).not.toHaveBeenCalled();
});

test("a reply that would leave in clear is not sent, and says so", async () => {
  vi.mocked(api.submit).mockRejectedValue(refused(409, "consent-required"));
  reply.text = "Yes";
  reply.changed();
  await reply.send();
  expect(reply.problem).toBe(en.portal.wouldBeClear);
  expect(reply.phase).toBe("writing");
});

test("a saved reply comes back, and its quotation is not added again", async () => {
  const before = draft(4, { text: "Begun\n\nDana wrote:\n> Hello", uploads: [upload(4)] });
  vi.mocked(api.draftList).mockResolvedValue({ items: [{ ...before, recipients: before.to }] });
  vi.mocked(api.draftRead).mockResolvedValue(before);
  await reply.resume();
  expect(reply.files.map(({ state }) => state)).toEqual(["done"]);
  reply.text += "!";
  reply.changed();
  await reply.send();
  expect(saved(0)).toMatchObject({
    text: "Begun\n\nDana wrote:\n> Hello!",
    attachments: ["u1"],
  });
});

test("the version of another tab is overwritten by what this page shows", async () => {
  reply.text = "Yes";
  reply.changed();
  vi.mocked(api.draftSave).mockRejectedValueOnce(refused(409, "edited-elsewhere"));
  vi.mocked(api.draftRead).mockResolvedValue(draft(7));
  await reply.send();
  expect(vi.mocked(api.draftSave).mock.calls[1]?.[1]).toBe(7);
  expect(reply.phase).toBe("sent");
});

test("a failed save is shown, and the next save clears it", async () => {
  vi.mocked(api.draftSave).mockRejectedValueOnce(new Unreachable());
  reply.text = "Yes";
  reply.changed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reply.unsaved).toBe(true);
  await reply.saveQuietly();
  expect(reply.unsaved).toBe(false);
});

test("sending waits for the uploads", async () => {
  let settle: (upload: api.Upload) => void = () => undefined;
  vi.mocked(api.uploadNew).mockResolvedValue(upload(0));
  vi.mocked(api.uploadPut).mockImplementation(() => new Promise((done) => (settle = done)));
  reply.attach([new File(["abcd"], "a.txt")]);
  await reply.send();
  expect(reply.problem).toBe(en.portal.stillUploading);
  await vi.waitFor(() => expect(api.uploadPut).toHaveBeenCalled());
  settle(upload(4));
  await vi.waitFor(() => expect(reply.files[0]?.state).toBe("done"));
  await reply.send();
  expect(saved(0)?.attachments).toEqual(["u1"]);
  expect(reply.phase).toBe("sent");
});

test("a file over the limit is shown as such, and can be removed", async () => {
  vi.mocked(api.uploadNew).mockRejectedValue(refused(413, "too-large"));
  reply.attach([new File(["abcd"], "a.txt")]);
  await vi.waitFor(() => expect(reply.files[0]?.state).toBe("too-large"));
  await reply.detach(0);
  expect(reply.files).toEqual([]);
});

test("undo brings the text back, to be sent again", async () => {
  vi.mocked(api.undo).mockResolvedValue(draft(9));
  reply.text = "Yes";
  reply.changed();
  await reply.send();
  await reply.undo();
  expect(reply.phase).toBe("writing");
  expect(reply.text).toBe("Yes");
  await reply.send();
  expect(vi.mocked(api.draftSave).mock.calls[1]?.[1]).toBe(9);
  expect(keys()[0]).not.toBe(keys()[1]);
});
