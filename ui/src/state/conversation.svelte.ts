// The conversation of the message in the reader.
import * as api from "../api/mail.ts";
import type { Item } from "../api/types.ts";

class Conversation {
  /** Oldest first; empty for a message without a conversation. */
  items = $state.raw<Item[]>([]);
  #of = "";

  async read(of: string): Promise<void> {
    this.#of = of;
    if (!this.items.some((item) => item.reference === of)) this.items = [];
    const { items } = await api.conversation(of);
    if (this.#of === of) this.items = items.length > 1 ? items : [];
  }

  clear(): void {
    this.#of = "";
    this.items = [];
  }

  /** Returns the previous or next message; null at the ends. */
  neighbour(of: string, by: 1 | -1): string | null {
    const at = this.items.findIndex((item) => item.reference === of);
    return at < 0 ? null : (this.items[at + by]?.reference ?? null);
  }
}

export const conversation = new Conversation();
