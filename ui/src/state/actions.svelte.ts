// What people do to messages: each act shows at once, can be undone for ten
// seconds, and says plainly when the server would not have it.
import { ApiError, Unreachable } from "../api/client.ts";
import * as api from "../api/mail.ts";
import type { AllFlags, Change, Flags, RejectReason, TicketRequest } from "../api/types.ts";
import { t } from "../i18n/index.svelte.ts";
import { background } from "../lib/background.ts";
import { boxName } from "../lib/names.ts";
import { reason } from "../lib/reason.ts";
import { mail, PartlyDone } from "./mail.svelte.ts";
import { session } from "./session.svelte.ts";
import { toasts } from "./toasts.svelte.ts";
import { inverse, type Batch } from "./window.ts";

/** A notice that is taken away by hand. */
const LONG_MS = 10 * 60_000;

/** What a failure says: what happened, what was kept, and a way to try again. */
export function fail(
  text: string,
  kept: string,
  error: unknown,
  retry: (() => void) | null,
  back: Batch[] = [],
): void {
  // Whoever signed out meanwhile does not want to hear about it.
  if (session.status === "out") return;
  const isApi = error instanceof ApiError;
  const why = isApi ? reason(error) : error instanceof Unreachable ? t().fail.unreachable : "";
  toasts.show(text, {
    kind: "error",
    detail: [why, kept].filter((part) => part !== "").join(" "),
    errorId: isApi ? error.errorId : null,
    retry,
    undo: back.length > 0 ? () => void undo(back) : null,
  });
}

async function applied(references: string[], change: Change, said: string | null): Promise<void> {
  if (references.length === 0) return;
  const done = mail.change(references, change);
  // At once, as the change is: who presses Undo quickly means this one and none before it.
  const notice =
    said === null ? 0 : toasts.show(said, { undo: () => void done.then(undo, undoPartly) });
  try {
    const back = await done;
    if (back.length === 0) toasts.end(notice);
  } catch (error) {
    toasts.end(notice);
    const count = error instanceof PartlyDone ? error.count : references.length;
    const again = () => void changeAgain(references, change, said);
    const back = error instanceof PartlyDone ? error.back : [];
    fail(t().fail.change(count), t().fail.changeKept, error, again, back);
  }
}

/** Of what was done in part, that part. */
async function undoPartly(error: unknown): Promise<void> {
  if (error instanceof PartlyDone) await undo(error.back);
}

function changeAgain(references: string[], what: Change, said: string | null): Promise<void> {
  return applied(references, what, said);
}

async function undo(batches: Batch[]): Promise<void> {
  for (const batch of batches) await applied(batch.references, batch.change, null);
}

export const star = (references: string[], starred: boolean) =>
  applied(references, { starred }, null);

export const mark = (references: string[], unread: boolean) =>
  applied(references, { unread }, null);

export const label = (references: string[], change: Change) => applied(references, change, null);

/** All of a mailbox, or all that is found. */
export type Everything = { mailbox: string } | { q: string };

/** Changes everything of a mailbox or a search, loaded here or not, and shows how far it is. */
export async function changeAll(
  where: Everything,
  what: Change,
  said: (n: number) => string,
): Promise<void> {
  try {
    const all = await everything(where);
    const notice = toasts.show(t().act.changing(0, all.length), { lastsMs: LONG_MS });
    let last = notice;
    const progress = (done: number) => {
      last = toasts.replace(last, t().act.changing(done, all.length), LONG_MS);
    };
    const references = all.map((one) => one.reference);
    const done = await mail
      .changeUnseen(references, what, progress)
      .finally(() => toasts.end(last));
    const back = inverse(all, what);
    toasts.show(said(done), { undo: () => void undoAll(back) });
  } catch (error) {
    fail(
      t().fail.changeAll,
      t().fail.changeAllKept,
      error,
      () => void changeAll(where, what, said),
    );
  }
  await background("reading the list again", mail.startOver());
}

async function undoAll(batches: Batch[]): Promise<void> {
  try {
    for (const { references, change } of batches)
      await mail.changeUnseen(references, change, () => undefined);
  } catch (error) {
    fail(t().fail.changeAll, t().fail.changeAllKept, error, () => void undoAll(batches));
  }
  await background("reading the list again", mail.startOver());
}

export async function everything(where: Everything): Promise<Flags[]> {
  const all: Flags[] = [];
  for (let before: string | null = null; ;) {
    const page: AllFlags = await api.flags(where, before);
    all.push(...page.items);
    before = page.next;
    if (before === null) return all;
  }
}

export function move(references: string[], mailbox: string): Promise<void> {
  const box = mail.box(mailbox);
  const name = box === undefined ? mailbox : boxName(box, t());
  const said =
    box?.role === "archive"
      ? t().act.archived(references.length)
      : box?.role === "trash"
        ? t().act.trashed(references.length)
        : t().act.moved(references.length, name);
  return applied(references, { mailbox }, said);
}

export async function archive(references: string[]): Promise<void> {
  const box = mail.role("archive");
  if (box !== undefined) await move(references, box.id);
}

/** To the trash; what is there already goes for good, and the caller has asked first. */
export async function trash(references: string[]): Promise<void> {
  const box = mail.role("trash");
  if (box !== undefined) await move(references, box.id);
}

export async function destroy(references: string[]): Promise<void> {
  try {
    await mail.destroy(references);
    toasts.show(t().act.destroyed(references.length));
  } catch (error) {
    const left = references.filter((reference) => reference in mail.items);
    fail(t().fail.change(left.length), t().fail.changeKept, error, () => void destroy(left));
  }
}

/**
 * Holds the rejection for ten seconds, since the confirmation it sends cannot be
 * called back. The server hears nothing until then: closing the window, or signing
 * out, within that time cancels it, and the message stays unopened.
 */
export function reject(reference: string, reason: RejectReason | null): void {
  mail.held.add(reference);
  toasts.show(t().card.rejecting, {
    undo: () => {
      mail.held.delete(reference);
      toasts.show(t().card.kept);
    },
    onend: () => void rejectNow(reference, reason),
  });
}

async function rejectNow(reference: string, reason: RejectReason | null): Promise<void> {
  try {
    await api.messageReject(reference, reason);
    mail.forget(reference);
  } catch (error) {
    if (error instanceof ApiError && error.code === "already-opened") {
      toasts.show(t().card.tooLate, { kind: "error" });
    } else if (error instanceof ApiError && error.status === 404) {
      mail.forget(reference);
    } else {
      const again = () => void rejectNow(reference, reason);
      fail(t().fail.reject, t().fail.rejectKept, error, again);
    }
  } finally {
    mail.held.delete(reference);
  }
}

/** A ticket's address works once and for a minute, so it is fetched when clicked. */
export async function download(
  reference: string,
  what: TicketRequest,
  name: string,
): Promise<void> {
  try {
    const { url } = await api.ticket(reference, what);
    const link = document.createElement("a");
    link.href = url;
    // With `download`, an answer that is not a file cannot replace this page.
    link.download = name;
    link.click();
  } catch (error) {
    const again = () => void download(reference, what, name);
    fail(t().fail.download, t().fail.readKept, error, again);
  }
}
