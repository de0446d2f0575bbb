// The labels of this account: their names, and what they are called at a message.
import * as api from "../api/mail.ts";
import type { Label } from "../api/types.ts";

class Labels {
  items = $state.raw<Label[]>([]);

  async read(): Promise<void> {
    this.items = (await api.labelList()).items;
  }

  /** Keeps them; throws when the server would not have it. */
  async set(items: Label[]): Promise<void> {
    this.items = (await api.labelsSet(items)).items;
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
