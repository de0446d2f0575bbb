// The address book as the page shows it: the positions that were looked at, of as many as there are.
import * as api from "../api/contacts.ts";
import type { Book, Entry, Known, Requests } from "../api/contacts.ts";
import { background } from "../lib/background.ts";

/** How many contacts are read at once. */
const PAGE = 100;
/** How many addresses are looked up at once, in how many characters, and how long others are waited for. */
const LOOKED_UP_MAX = 100;
const LOOKED_UP_CHARS_MAX = 8_000;
const GATHER_MS = 20;
/** How long nothing is asked after a question failed. */
const AGAIN_MS = 5_000;

export interface Choice {
  q: string;
  label: string | null;
  favourites: boolean;
}

class AddressBook {
  choice = $state.raw<Choice>({ q: "", label: null, favourites: false });
  /** What is known of each position in the list. */
  entries = $state.raw<(Entry | null)[]>([]);
  head = $state.raw<Omit<Book, "items"> | null>(null);
  failed = $state(false);
  requests = $state.raw<Requests>({ waiting: [], sent: [] });
  /** Grows when the address book may have changed elsewhere. */
  changes = $state(0);
  /** What the address book says about addresses, by the address and the name beside it. */
  #known = $state.raw<Record<string, Known>>({});
  #asking = new Map<string, { address: string; name: string }>();
  #asked = new Set<string>();
  #pages = new Set<number>();
  /** The first and the last position in view. */
  #view: [number, number] = [0, 0];
  #round = 0;

  /** Shows what a choice finds, from its beginning. */
  async find(choice: Choice): Promise<void> {
    this.choice = choice;
    this.#view = [0, 0];
    await this.again();
  }

  /** Reads what is in view anew; what is shown stays until it is there. */
  async again(): Promise<void> {
    const round = (this.#round += 1);
    try {
      const pages = [...new Set(this.#view.map((at) => Math.floor(at / PAGE)))];
      const read = (page: number) =>
        api.contactList({ ...this.choice, offset: page * PAGE, limit: PAGE });
      const found = await Promise.all(pages.map(read));
      if (round !== this.#round) return;
      this.#pages = new Set(pages);
      this.failed = false;
      this.entries = [];
      found.forEach((book, at) => this.#take(book, (pages[at] ?? 0) * PAGE));
    } catch (error) {
      if (round === this.#round) this.failed = true;
      throw error;
    }
  }

  /** Reads the rows from `first` to `last` that are not there yet. */
  async fill(first: number, last: number): Promise<void> {
    this.#view = [Math.max(0, first), Math.max(0, last)];
    const round = this.#round;
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
      if (this.#pages.has(page) || page * PAGE >= this.entries.length) continue;
      this.#pages.add(page);
      try {
        const offset = page * PAGE;
        const book = await api.contactList({ ...this.choice, offset, limit: PAGE });
        if (round === this.#round) this.#take(book, offset);
      } catch (error) {
        this.#pages.delete(page);
        throw error;
      }
    }
  }

  #take({ items, ...head }: Book, offset: number): void {
    this.head = head;
    const entries = Array.from({ length: head.total }, (_, at) => this.entries[at] ?? null);
    items.forEach((item, at) => {
      if (offset + at < entries.length) entries[offset + at] = item;
    });
    this.entries = entries;
  }

  async requestsRead(): Promise<void> {
    this.requests = await api.contactRequests();
  }

  /** Something changed elsewhere: what is shown is read again. */
  changed(): void {
    this.changes += 1;
    this.#known = {};
    this.#asked = new Set();
    this.#asking.clear();
    void background("reading the requests", this.requestsRead());
    if (this.head !== null) void background("reading the contacts", this.again());
  }

  /** What is known about an address; asked for once, with others of the same page. */
  known(address: string | null, name: string | null): Known | null {
    if (!address) return null;
    const key = JSON.stringify([address, name]);
    const found = this.#known[key];
    if (found !== undefined) return found;
    if (!this.#asked.has(key)) {
      this.#asked.add(key);
      if (this.#asking.size === 0) this.#askLater(GATHER_MS);
      this.#asking.set(key, { address, name: name ?? "" });
    }
    return null;
  }

  /** Whether it is not known yet what the address book says about one of these addresses. */
  isOpen(addresses: string[], name: string): boolean {
    return addresses.some((address) => this.#known[JSON.stringify([address, name])] === undefined);
  }

  /** Takes what is asked next, and leaves the rest for the next question. */
  #part(): [string, { address: string; name: string }][] {
    const part: [string, { address: string; name: string }][] = [];
    let chars = 0;
    for (const [key, one] of this.#asking) {
      chars += one.address.length + one.name.length;
      if (part.length === LOOKED_UP_MAX || (part.length > 0 && chars > LOOKED_UP_CHARS_MAX)) break;
      part.push([key, one]);
    }
    for (const [key] of part) this.#asking.delete(key);
    return part;
  }

  async #ask(): Promise<void> {
    for (let asked = this.#part(); asked.length > 0; asked = this.#part()) {
      const round = this.#asked;
      try {
        const { items } = await api.contactsLookup(asked.map(([, one]) => one));
        if (round !== this.#asked) return;
        const found = asked.map(([key], at) => [key, items[at]] as const);
        this.#known = { ...this.#known, ...Object.fromEntries(found) } as Record<string, Known>;
      } catch (error) {
        if (round !== this.#asked) return;
        // Asked again later: a warning that is missing would say that there is nothing to warn of.
        for (const [key, one] of asked) this.#asking.set(key, one);
        this.#askLater(AGAIN_MS);
        throw error;
      }
    }
  }

  #askLater(ms: number): void {
    setTimeout(() => void background("looking up addresses", this.#ask()), ms);
  }

  reset(): void {
    this.choice = { q: "", label: null, favourites: false };
    [this.entries, this.head, this.failed] = [[], null, false];
    this.requests = { waiting: [], sent: [] };
    this.#known = {};
    this.#asked = new Set();
    this.#asking.clear();
    this.#pages.clear();
    this.#view = [0, 0];
    this.#round += 1;
  }
}

export const book = new AddressBook();
