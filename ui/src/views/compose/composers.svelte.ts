// The open composers, and the ways to open one.
import { ApiError } from "../../api/client.ts";
import type { Addr } from "../../api/types.ts";
import { correspondents } from "./correspondents.svelte.ts";
import * as api from "../../api/sending.ts";
import { language, t } from "../../i18n/index.svelte.ts";
import { referenceText } from "../../lib/format.ts";
import { unsentText } from "../../lib/unsent.ts";
import { fail } from "../../state/actions.svelte.ts";
import { prefs } from "../../state/prefs.svelte.ts";
import { roles } from "../../state/roles.svelte.ts";
import { toasts } from "../../state/toasts.svelte.ts";
import type { Composer } from "./composer.svelte.ts";
import { drafts } from "./drafts.svelte.ts";

const OPEN_MAX = 3;
/** The width of an open composer with the space around it. */
const WIDTH_PX = 600;

class Composers {
  open = $state.raw<Composer[]>([]);
  /** What is to be forgotten when everything is closed. */
  readonly leaving: (() => void)[] = [];
  /** Whether something of this page is being dragged, which is no file from elsewhere. */
  dragging = false;
  /** The one that was used last. */
  focused = $state.raw<Composer | null>(null);

  /** The one that dropped files are attached to. */
  get target(): Composer | null {
    const there = this.open.filter((one) => !one.sending);
    return there.find((one) => one === this.focused) ?? there[there.length - 1] ?? null;
  }

  fresh(): void {
    void this.#begin(null, signature());
  }

  /** Starts a message to somebody. */
  async to(one: Addr): Promise<void> {
    const composer = await this.#begin(null, prefs.signature);
    composer?.add("to", one.address, "", [one]);
  }

  async answer(reference: string, kind: api.RelationKind): Promise<void> {
    try {
      await this.#begin(await api.draftFrom(reference, kind, language()), signature());
    } catch (error) {
      fail(t().compose.notBegun, "", error, () => void this.answer(reference, kind));
    }
  }

  edit(draft: api.Draft): void {
    if (!this.open.some(({ id }) => id === draft.id)) void this.#begin(draft);
  }

  /** Opens a draft from the list. */
  async resume(id: string): Promise<void> {
    if (this.open.some((one) => one.id === id)) return;
    try {
      this.edit(await api.draftRead(id));
    } catch (error) {
      fail(t().compose.notBegun, "", error, () => void this.resume(id));
    }
  }

  /** Closes a composer; its text stays as a draft. */
  async close(composer: Composer): Promise<void> {
    // It may still have to ask for consent, or to show that sending failed.
    if (composer.sending) return;
    await composer.saveQuietly();
    // A message that could not be saved stays open; its header says so.
    if (composer.unsaved) return;
    this.#hide(composer);
    drafts.again();
  }

  /** Hides a draft at once and deletes it a moment later; until then it can be restored. */
  discard(composer: Composer): void {
    this.#discardAll([composer], composer.id === null ? [] : [composer.id], 1);
  }

  /** The same for drafts of the list, whether they are open or not. */
  discardDrafts(ids: string[]): void {
    const open = this.open.filter(({ id }) => id !== null && ids.includes(id));
    this.#discardAll(open, ids, ids.length);
  }

  #discardAll(open: Composer[], ids: string[], count: number): void {
    for (const composer of open) this.#hide(composer);
    drafts.hide(ids, true);
    toasts.show(t().compose.discarded(count), {
      undo: () => {
        drafts.hide(ids, false);
        this.open = [...this.open, ...open];
      },
      onend: () => this.#discardNow(open, ids),
    });
  }

  async #discardNow(open: Composer[], ids: string[]): Promise<void> {
    const closed = ids.filter((id) => open.every((composer) => composer.id !== id));
    const done = await Promise.allSettled([
      ...open.map((composer) => composer.discard()),
      ...closed.map(drafts.delete),
    ]);
    const failed = done.find((one) => one.status === "rejected");
    const again = () => void this.#discardNow(open, ids);
    if (failed === undefined) drafts.forget(ids);
    else fail(t().compose.notDiscarded, "", failed.reason, again);
    drafts.hide(ids, false);
    drafts.again();
  }

  /** Opens a composer. Its code is a separate chunk: users who only read never load it. */
  async #begin(draft: api.Draft | null, signature = ""): Promise<Composer | null> {
    try {
      const { Composer } = await import("./composer.svelte.ts");
      const composer = new Composer(draft);
      if (signature.trim() !== "") (await import("./signature.ts")).sign(composer, signature);
      this.#show(composer);
      return composer;
    } catch (error) {
      fail(t().compose.notBegun, "", error, () => void this.#begin(draft, signature));
      return null;
    }
  }

  #show(composer: Composer): void {
    composer.onsent = (sent) => {
      this.#hide(composer);
      drafts.again();
      announceSent(sent);
    };
    // Beside each other they need their full width; else only the newest has it.
    if ((this.open.length + 1) * WIDTH_PX > innerWidth)
      for (const one of this.open) one.shape = "minimised";
    this.open = [...this.open, composer];
    // The oldest one is closed to make room, unless it has something to show.
    const [oldest] = this.open;
    if (oldest !== undefined && this.open.length > OPEN_MAX) void this.close(oldest);
  }

  #hide(composer: Composer): void {
    this.open = this.open.filter((one) => one !== composer);
    // The focus was in the composer and would otherwise be lost.
    queueMicrotask(() => {
      if (document.activeElement === document.body) document.getElementById("main")?.focus();
    });
  }

  clear(): void {
    this.open = [];
    this.focused = null;
    drafts.reset();
    for (const forget of this.leaving.splice(0)) forget();
    correspondents.forget();
  }
}

/** A person's own signature: what goes out from a role mailbox bears no name of its author. */
function signature(): string {
  return roles.id === "" ? prefs.signature : "";
}

export function announceSent(sent: api.Submission): void {
  const unsent = unsentText(sent, t(), language());
  const text = unsent || t().compose.sent(referenceText(sent.reference));
  const kind = unsent === "" ? "info" : "error";
  if (sent.undoUntil === null) {
    toasts.show(text, { kind });
    return;
  }
  toasts.show(text, {
    kind,
    undo: () => void takeBack(sent.reference),
    lastsMs: Math.max(1_000, Date.parse(sent.undoUntil) - Date.now()),
  });
}

async function takeBack(reference: string): Promise<void> {
  try {
    composers.edit(await api.undo(reference));
  } catch (error) {
    // Only an answer of the server proves that the message has left.
    if (error instanceof ApiError) fail(t().compose.tooLate, "", error, null);
    else fail(t().compose.notBack, "", error, () => void takeBack(reference));
  }
}

export const composers = new Composers();
