// Imports and exports mail, message by message, with a way to stop.
import { ApiError } from "../../api/client.ts";
import * as api from "../../api/mail.ts";
import { background } from "../../lib/background.ts";
import { mboxPart, messagesOf } from "../../lib/mbox.ts";
import { everything } from "../../state/actions.svelte.ts";
import { mail } from "../../state/mail.svelte.ts";

export interface TransferCounts {
  done: number;
  /** The number that the mailboxes already had. */
  known: number;
  /** The number that were skipped: not a message, too large, or not opened yet. */
  left: number;
}

/** The largest message that the server accepts by default. */
const MESSAGE_OCTETS_MAX = 64 * 1024 * 1024;

export class Transfer {
  /** Between 0 and 1; null while nothing runs. */
  progress = $state<number | null>(null);
  counts = $state.raw<TransferCounts | null>(null);
  #stop = new AbortController();

  stop(): void {
    this.#stop.abort();
  }

  /** Imports the messages of these files into a mailbox. Throws if the server cannot be reached. */
  async bringIn(files: File[], mailbox: string): Promise<void> {
    const all = files.reduce((sum, file) => sum + file.size, 0);
    let before = 0;
    await this.#run(async (counts) => {
      for (const file of files) {
        for await (const { octets, received, at } of messagesOf(file, MESSAGE_OCTETS_MAX)) {
          if (this.#stop.signal.aborted) return;
          const message = octets === null ? null : { octets, received };
          await this.#one(message, mailbox, counts);
          this.progress = all === 0 ? 1 : (before + at) / all;
        }
        before += file.size;
      }
    });
    await background("reloading the mailbox counts", mail.boxesRead());
  }

  async #one(
    message: { octets: Blob; received: Date | null } | null,
    mailbox: string,
    counts: TransferCounts,
  ): Promise<void> {
    if (message === null) {
      counts.left += 1;
      return;
    }
    try {
      const { known } = await api.messageImport(mailbox, message, this.#stop.signal);
      counts[known ? "known" : "done"] += 1;
    } catch (error) {
      const isRefused = error instanceof ApiError && [413, 422].includes(error.status);
      if (!isRefused) throw error;
      counts.left += 1;
    }
  }

  /** Exports all opened messages of a mailbox as one file; returns null if it was stopped. */
  async takeOut(mailbox: string): Promise<Blob | null> {
    const parts: Blob[] = [];
    await this.#run(async (counts) => {
      const all = await everything({ mailbox });
      for (const [at, { reference }] of all.reverse().entries()) {
        if (this.#stop.signal.aborted) return;
        const part = await this.#part(reference);
        if (part !== null) parts.push(part);
        counts[part === null ? "left" : "done"] += 1;
        this.progress = (at + 1) / all.length;
      }
    });
    return this.#stop.signal.aborted ? null : new Blob(parts, { type: "application/mbox" });
  }

  /** Returns a message in mbox form; null for one that is sealed, or was deleted meanwhile. */
  async #part(reference: string): Promise<Blob | null> {
    try {
      const item = await mail.itemOnly(reference);
      if (!item.opened) return null;
      const octets = await api.messageSource(reference, this.#stop.signal);
      return await mboxPart(octets, item.from.address ?? "", new Date(item.receivedAt));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async #run(work: (counts: TransferCounts) => Promise<void>): Promise<void> {
    this.#stop = new AbortController();
    const counts: TransferCounts = { done: 0, known: 0, left: 0 };
    [this.progress, this.counts] = [0, null];
    try {
      await work(counts);
    } catch (error) {
      // The user stopped it, and need not be told.
      if (!this.#stop.signal.aborted) throw error;
    } finally {
      [this.progress, this.counts] = [null, counts];
    }
  }
}
