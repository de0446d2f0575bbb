// The drafts, as the list of their mailbox shows them; reloaded when something may have changed them.
import { SvelteSet } from "svelte/reactivity";
import { ApiError } from "../../api/client.ts";
import * as api from "../../api/sending.ts";
import type { Listed } from "../../api/types.ts";

class Drafts {
  items = $state.raw<api.DraftItem[]>([]);
  load = $state<"idle" | "ready" | "failed">("idle");
  #hidden = new SvelteSet<string>();
  /** What was asked before the latest change is no answer any more, nor one for another account. */
  #asked = 0;
  /** The drafts without those that are about to be deleted. */
  readonly shown = $derived(this.items.filter(({ id }) => !this.#hidden.has(id)));
  /** The same as rows of a list. */
  readonly rows: Listed[] = $derived(this.shown.map(rowOf));

  hide(ids: string[], away: boolean): void {
    for (const id of ids) {
      if (away) this.#hidden.add(id);
      else this.#hidden.delete(id);
    }
  }

  /** Removes what was deleted, before the server has told the new list. */
  forget(ids: string[]): void {
    this.#asked += 1;
    this.items = this.items.filter(({ id }) => !ids.includes(id));
  }

  again(): void {
    this.#asked += 1;
    const asked = this.#asked;
    api
      .draftList()
      .then(({ items }) => {
        if (asked !== this.#asked) return;
        this.items = items;
        this.load = "ready";
      })
      .catch(() => {
        if (asked === this.#asked && this.load !== "ready") this.load = "failed";
      });
  }

  /** Deletes one; one that is gone already is no failure. */
  async delete(id: string): Promise<void> {
    try {
      await api.draftDelete(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  reset(): void {
    this.#asked += 1;
    this.items = [];
    this.load = "idle";
    this.#hidden.clear();
  }
}

/** A row has the ID of its draft in place of a reference number. */
function rowOf({ id, recipients, subject, savedAt }: api.DraftItem): Listed {
  return {
    draft: true,
    reference: id,
    mailbox: "",
    conversation: null,
    notice: null,
    standing: null,
    acts: [],
    from: { name: null, address: null, check: "relay", warnings: [] },
    recipients: recipients.map((one) => one.name ?? one.address),
    subject,
    receivedAt: savedAt,
    size: 0,
    octets: 0,
    attachments: 0,
    protection: { kind: "inside", peer: null, version: null },
    opened: true,
    unread: false,
    starred: false,
    sent: true,
    asksConfirmation: false,
    labels: [],
  };
}

export const drafts = new Drafts();
