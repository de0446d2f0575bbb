// How the messages begin that a list shows, in memory only. The rows on the page ask for what they
// need, and one request fetches it for all of them.
import { SvelteMap } from "svelte/reactivity";
import { messageBeginnings } from "../api/mail.ts";
import { background } from "../lib/background.ts";

/** The server answers for as many at a time. */
const AT_ONCE = 200;
/** Rows that are drawn within this time are asked about together. */
const GATHER_MS = 40;

class Beginnings {
  #texts = new SvelteMap<string, string>();
  /** Grows when what had no text yet may have one now. */
  #round = $state(0);
  #asked = new Set<string>();
  #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Returns the first words, or nothing while they are unknown. */
  text(reference: string): string {
    return this.#texts.get(reference) ?? "";
  }

  /** Asks for the first words of an opened message, unless they are known. */
  want(reference: string): void {
    void this.#round;
    if (this.#texts.has(reference) || this.#asked.has(reference)) return;
    this.#asked.add(reference);
    this.#wanted.add(reference);
    this.#timer ??= setTimeout(() => void background("reading beginnings", this.#ask()), GATHER_MS);
  }

  /** More messages are indexed now: those that had no text are asked about again. */
  again(): void {
    this.#asked.clear();
    this.#round += 1;
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#texts.clear();
    this.#asked.clear();
    this.#wanted.clear();
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const asked = wanted.slice(at, at + AT_ONCE);
      const { items } = await messageBeginnings(asked);
      // Another user may have signed in on this page meanwhile.
      for (const { reference, text } of items)
        if (this.#asked.has(reference)) this.#texts.set(reference, text);
    }
  }
}

export const beginnings = new Beginnings();
