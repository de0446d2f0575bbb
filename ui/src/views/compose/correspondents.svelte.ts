// The people whom the user has corresponded with, loaded once per page when the first message is
// started.
import type { Addr } from "../../api/types.ts";
import * as api from "../../api/sending.ts";

class Correspondents {
  all = $state.raw<Addr[]>([]);
  #asked = false;

  /** Loads them. On failure, addresses have to be typed in full; nothing is lost. */
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
