// What users do with messages: each action shows at once, can be undone for ten seconds, and says
// so plainly if the server refuses.
import { ApiError, Unreachable } from "../api/client.ts";
import * as api from "../api/mail.ts";
import type { AllFlags, Change, Flags, RejectReason, TicketRequest } from "../api/types.ts";
import { t } from "../i18n/index.svelte.ts";
import { background } from "../lib/background.ts";
import { boxName } from "../lib/names.ts";
import { reason } from "../lib/reason.ts";
import { mail } from "./mail.svelte.ts";
import { PartlyDone } from "./parts.ts";
import { session } from "./session.svelte.ts";
import { toasts } from "./toasts.svelte.ts";
import { inverse, type Batch } from "./window.ts";

/** How long a notice stays that the code removes itself. */
const LONG_MS = 10 * 60_000;

/**
 * Shows a failure: what happened, what is unchanged, and a way to try again. Returns the notice's ID,
 * or 0 if there is none.
 */
export function fail(
  text: string,
  kept: string,
  error: unknown,
  retry: (() => void) | null,
  back: Batch[] = [],
): number {
  // A user who has signed out meanwhile need not know.
  if (session.status === "out") return 0;
  const isApi = error instanceof ApiError;
  const why = isApi ? reason(error) : error instanceof Unreachable ? t().fail.unreachable : "";
  return toasts.show(text, {
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
  // Shown at once, like the change: a user who quickly presses Undo means this change and no
  // earlier one.
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

/** Undoes the part of a change that was carried out. */
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

/** All messages of a mailbox, or all results of a search. */
export type Everything = { mailbox: string } | { q: string };

/** Changes all messages of a mailbox or a search, loaded here or not, and shows the progress. */
export async function changeAll(
  where: Everything,
  what: Change,
  said: (n: number) => string,
): Promise<void> {
  try {
    const all = await everything(where);
    const notice = toasts.show(t().act.changing(0, all.length), { lastsMs: LONG_MS });
    const progress = (done: number) =>
      toasts.replace(notice, t().act.changing(done, all.length), LONG_MS);
    const references = all.map((one) => one.reference);
    const done = await mail
      .changeUnseen(references, what, progress)
      .finally(() => toasts.end(notice));
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
  await background("reloading the list", mail.startOver());
}

async function undoAll(batches: Batch[]): Promise<void> {
  try {
    for (const { references, change } of batches)
      await mail.changeUnseen(references, change, () => undefined);
  } catch (error) {
    fail(t().fail.changeAll, t().fail.changeAllKept, error, () => void undoAll(batches));
  }
  await background("reloading the list", mail.startOver());
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

/** Moves messages to the trash. */
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
 * Delays the rejection for ten seconds, because the confirmation that it sends cannot be recalled.
 * The server learns nothing until then: closing the window, or signing out, within that time
 * cancels it, and the message stays unopened.
 */
export function reject(
  reference: string,
  reason: RejectReason | null,
  confirm: boolean | null = null,
): void {
  const isTold = confirm ?? mail.items[reference]?.protection.kind === "inside";
  mail.held.add(reference);
  toasts.show(isTold ? t().card.rejecting : t().card.rejectingQuietly, {
    undo: () => {
      mail.held.delete(reference);
      toasts.show(t().card.kept);
    },
    onend: () => rejectNow(reference, reason, confirm),
  });
}

async function rejectNow(
  reference: string,
  reason: RejectReason | null,
  confirm: boolean | null,
): Promise<void> {
  try {
    await api.messageReject(reference, reason, confirm);
    mail.forget(reference);
  } catch (error) {
    if (error instanceof ApiError && error.code === "already-opened") {
      toasts.show(t().card.tooLate, { kind: "error" });
    } else if (error instanceof ApiError && error.status === 404) {
      mail.forget(reference);
    } else {
      const again = () => void rejectNow(reference, reason, confirm);
      fail(t().fail.reject, t().fail.rejectKept, error, again);
    }
  } finally {
    mail.held.delete(reference);
  }
}

/**
 * Downloads through a ticket. Its address works once and for a minute, so it is fetched on click.
 */
export async function download(
  reference: string | (() => Promise<{ url: string }>),
  what: TicketRequest,
  name: string,
): Promise<void> {
  try {
    const { url } = await (typeof reference === "string"
      ? api.ticket(reference, what)
      : reference());
    const link = document.createElement("a");
    link.href = url;
    // With `download`, a response that is not a file cannot replace this page.
    link.download = name;
    link.click();
  } catch (error) {
    const again = () => void download(reference, what, name);
    fail(t().fail.download, t().fail.readKept, error, again);
  }
}
