// The address book as the page shows it: the positions that were looked at, of as many as there are.
import * as api from "../api/contacts.ts";
import type { Book, Entry, Known, Requests } from "../api/contacts.ts";
import { background } from "../lib/background.ts";

/** How many contacts are read at once. */
const PAGE = 100;
/** How many addresses are looked up at once, and how long others are waited for. */
const LOOKED_UP_MAX = 100;
const GATHER_MS = 20;

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
  #round = 0;

  /** Shows what a choice finds, from its beginning. */
  async find(choice: Choice): Promise<void> {
    this.choice = choice;
    await this.again();
  }

  /** Reads the list anew; what is shown stays until it is there. */
  async again(): Promise<void> {
    const round = (this.#round += 1);
    try {
      const book = await api.contactList({ ...this.choice, offset: 0, limit: PAGE });
      if (round !== this.#round) return;
      this.#pages = new Set([0]);
      this.failed = false;
      this.entries = [];
      this.#take(book, 0);
    } catch (error) {
      if (round === this.#round) this.failed = true;
      throw error;
    }
  }

  /** Reads the rows from `first` to `last` that are not there yet. */
  async fill(first: number, last: number): Promise<void> {
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
    items.forEach((item, at) => (entries[offset + at] = item));
    this.entries = entries;
  }

  async requestsRead(): Promise<void> {
    this.requests = await api.contactRequests();
  }

  /** Something changed elsewhere: what is shown is read again. */
  changed(): void {
    this.changes += 1;
    this.#known = {};
    this.#asked.clear();
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
      if (this.#asking.size === 0)
        setTimeout(() => void background("looking up addresses", this.#ask()), GATHER_MS);
      this.#asking.set(key, { address, name: name ?? "" });
    }
    return null;
  }

  async #ask(): Promise<void> {
    const asked = [...this.#asking].slice(0, LOOKED_UP_MAX);
    this.#asking.clear();
    try {
      const { items } = await api.contactsLookup(asked.map(([, one]) => one));
      const found = asked.map(([key], at) => [key, items[at]] as const);
      this.#known = { ...this.#known, ...Object.fromEntries(found) } as Record<string, Known>;
    } catch (error) {
      for (const [key] of asked) this.#asked.delete(key);
      throw error;
    }
  }

  reset(): void {
    this.choice = { q: "", label: null, favourites: false };
    [this.entries, this.head, this.failed] = [[], null, false];
    this.requests = { waiting: [], sent: [] };
    this.#known = {};
    this.#asked.clear();
    this.#asking.clear();
    this.#pages.clear();
    this.#round += 1;
  }
}

export const book = new AddressBook();
