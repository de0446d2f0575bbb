// The labels of this account: their names, and what they are called at a message.
import * as api from "../api/mail.ts";
import type { Label } from "../api/types.ts";
import { searches } from "../lib/searches.ts";

class Labels {
  items = $state.raw<Label[]>([]);

  async read(): Promise<void> {
    this.#are((await api.labelList()).items);
  }

  /**
   * Changes them as they are on the server now: one that was made elsewhere stays. Throws when
   * the server would not have it.
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

  /** Those of a message that are still there, in the account's order. */
  of(ids: number[] | undefined): Label[] {
    return this.items.filter((label) => ids?.includes(label.id));
  }
}

export const labels = new Labels();

/** What finds the messages with a label. */
export const labelQuery = (label: Label) => `label:"${label.name}"`;
