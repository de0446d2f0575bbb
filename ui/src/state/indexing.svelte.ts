// The search index is made on the server, with keys that are there only while we ask. So this
// page asks until nothing waits, and shows how far it has come.
import { searchIndex } from "../api/mail.ts";

class Indexing {
  /** How many messages waited when we began, and how many still do; null when none do. */
  progress = $state.raw<{ all: number; waiting: number } | null>(null);
  #running = false;
  #stopped = 0;

  /** Takes in what waits. Safe to call at any time; a failure is tried again with the next call. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const stopped = this.#stopped;
    try {
      for (let waiting = 1; waiting > 0;) {
        const step = await searchIndex();
        if (stopped !== this.#stopped) return;
        ({ waiting } = step);
        const all = Math.max(this.progress?.all ?? 0, waiting + step.taken);
        this.progress = waiting > 0 ? { all, waiting } : null;
        // Another tab is at it: leave it to that one.
        if (step.taken === 0) break;
      }
    } catch {
      // Whatever is missing now comes with the next message, search or sign-in.
      this.progress = null;
    } finally {
      this.#running = false;
      if (stopped !== this.#stopped || this.progress?.waiting === 0) this.progress = null;
    }
  }

  stop(): void {
    this.#stopped += 1;
    this.progress = null;
  }
}

export const indexing = new Indexing();
