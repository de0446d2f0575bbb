// Whom this person has written with, asked for once for each page, when a message is begun.
import type { Addr } from "../../api/types.ts";
import * as api from "../../api/sending.ts";

class Correspondents {
  all = $state.raw<Addr[]>([]);
  #asked = false;

  /** Without an answer, addresses are typed in full; nothing is lost. */
  async ask(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      this.all = (await api.correspondents()).items;
    } catch {
      this.#asked = false;
    }
  }

  forget(): void {
    this.all = [];
    this.#asked = false;
  }
}

export const correspondents = new Correspondents();
