// The labels of this account.
import * as api from "../api/mail.ts";
import type { Label } from "../api/types.ts";
import { searches } from "../lib/searches.ts";

class Labels {
  items = $state.raw<Label[]>([]);

  async read(): Promise<void> {
    this.#are((await api.labelList()).items);
  }

  /**
   * Changes the labels as they are on the server now: one that was created elsewhere stays. Throws
   * if the server refuses.
   */
  async change(changed: (now: Label[]) => Label[]): Promise<void> {
    await this.read();
    this.#are((await api.labelsSet(changed(this.items))).items);
  }

  #are(items: Label[]): void {
    searches.labelsAre(items.map((label) => ({ id: label.id, query: labelQuery(label) })));
    this.items = items;
  }

  reset(): void {
    this.items = [];
  }

  /** Returns the labels of a message that still exist, in the account's order. */
  of(ids: number[] | undefined): Label[] {
    return this.items.filter((label) => ids?.includes(label.id));
  }
}

export const labels = new Labels();

/** Returns the query that finds the messages with a label. */
export const labelQuery = (label: Label) => `label:"${label.name}"`;
