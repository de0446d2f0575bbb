// The search index is built on the server, with keys that are available only during a request. So
// this page repeats the request until no message waits, and shows the progress.
import { searchIndex } from "../api/mail.ts";
import { beginnings } from "./beginnings.svelte.ts";

class Indexing {
  /** The number of messages waiting at the start, and now; null if none are. */
  progress = $state.raw<{ all: number; waiting: number } | null>(null);
  #running = false;
  #stopped = 0;

  /**
   * Indexes the waiting messages. Safe to call at any time; the next call retries after a failure.
   */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const stopped = this.#stopped;
    try {
      for (let waiting = 1; waiting > 0;) {
        const step = await searchIndex();
        if (stopped !== this.#stopped) return;
        ({ waiting } = step);
        if (step.taken > 0) beginnings.again();
        const all = Math.max(this.progress?.all ?? 0, waiting + step.taken);
        this.progress = waiting > 0 ? { all, waiting } : null;
        // Another tab is doing it: leave it to that one.
        if (step.taken === 0) break;
      }
    } catch {
      // What is missing now is indexed after the next message, search or sign-in.
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
