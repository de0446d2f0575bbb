// What people do to messages: each act shows at once, can be undone for ten
// seconds, and says plainly when the server would not have it.
import { ApiError, Unreachable } from "../api/client.ts";
import * as api from "../api/mail.ts";
import type { Change, RejectReason, TicketRequest } from "../api/types.ts";
import { t } from "../i18n/index.svelte.ts";
import { boxName } from "../lib/names.ts";
import { mail, PartlyDone } from "./mail.svelte.ts";
import { session } from "./session.svelte.ts";
import { toasts } from "./toasts.svelte.ts";
import type { Batch } from "./window.ts";

/** What a failure says: what happened, what was kept, and a way to try again. */
export function fail(text: string, kept: string, error: unknown, retry: (() => void) | null): void {
  // Whoever signed out meanwhile does not want to hear about it.
  if (session.status === "out") return;
  const isApi = error instanceof ApiError;
  const reason = isApi ? error.message : error instanceof Unreachable ? t().fail.unreachable : "";
  toasts.show(text, {
    kind: "error",
    detail: [reason, kept].filter((part) => part !== "").join(" "),
    errorId: isApi ? error.errorId : null,
    retry,
  });
}

async function change(references: string[], change: Change, said: string | null): Promise<void> {
  if (references.length === 0) return;
  try {
    const back = await mail.change(references, change);
    if (said !== null && back.length > 0) toasts.show(said, { undo: () => void undo(back) });
  } catch (error) {
    const count = error instanceof PartlyDone ? error.count : references.length;
    const again = () => void changeAgain(references, change, said);
    fail(t().fail.change(count), t().fail.changeKept, error, again);
  }
}

function changeAgain(references: string[], what: Change, said: string | null): Promise<void> {
  return change(references, what, said);
}

async function undo(batches: Batch[]): Promise<void> {
  for (const batch of batches) await change(batch.references, batch.change, null);
}

export const star = (references: string[], starred: boolean) =>
  change(references, { starred }, null);

export const mark = (references: string[], unread: boolean) => change(references, { unread }, null);

export function move(references: string[], mailbox: string): Promise<void> {
  const box = mail.box(mailbox);
  const name = box === undefined ? mailbox : boxName(box, t());
  const said =
    box?.role === "archive"
      ? t().act.archived(references.length)
      : box?.role === "trash"
        ? t().act.trashed(references.length)
        : t().act.moved(references.length, name);
  return change(references, { mailbox }, said);
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
