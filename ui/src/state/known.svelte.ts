// What this page knows of messages, by reference number and by conversation, whatever list they are in.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { ConversationRow, Detail, Flags, Item, Listed, Snippet } from "../api/types.ts";
import * as win from "./window.ts";

const DETAILS_MAX = 40;

export class Known {
  #items = $state.raw<Record<string, Listed>>({});
  /** The messages of each conversation that this page knows. */
  readonly #families = new Map<string, Set<string>>();
  /** Messages rejected here but not yet on the server; they are hidden meanwhile. */
  held = new SvelteSet<string>();
  /** A counter per conversation that grows with each change to one of its messages. */
  turns = new SvelteMap<string, number>();

  /** The search snippets of messages, by reference number. */
  snippets = new SvelteMap<string, Snippet[]>();

  readonly #details = new SvelteMap<string, Detail>();

  /** All messages that this page knows, by reference number. */
  get items(): Record<string, Listed> {
    return this.#items;
  }

  set items(items: Record<string, Listed>) {
    this.#families.clear();
    this.#items = {};
    this.know(Object.values(items));
  }

  /** Returns the known messages of a message's conversation, in one mailbox or in all, newest first. */
  family({ conversation }: Item, box: string | null = null): Listed[] {
    const all = this.items;
    const known = [...(this.#families.get(conversation ?? "") ?? [])];
    const here = known.flatMap((ref) => {
      const one = all[ref];
      const isMeant = one && !this.held.has(ref) && (box === null || one.mailbox === box);
      return isMeant ? [one] : [];
    });
    return here.sort(win.newestFirst);
  }

  protected know(items: Listed[]): void {
    for (const { reference, conversation } of items) {
      const before = this.#items[reference]?.conversation;
      if (before && before !== conversation) this.#families.get(before)?.delete(reference);
      if (!conversation) continue;
      const family = this.#families.get(conversation);
      if (family === undefined) this.#families.set(conversation, new Set([reference]));
      else family.add(reference);
    }
    this.#items = { ...this.#items, ...byReference(items) };
  }

  /** Takes note of the messages of a row that the list does not show by themselves. */
  protected members({ members }: ConversationRow): Listed[] {
    return members.map((one) => ({ ...(this.items[one.reference] ?? pendingItem(one)), ...one }));
  }

  turn(conversation: string): number {
    return this.turns.get(conversation) ?? 0;
  }

  detail(reference: string): Detail | undefined {
    return this.#details.get(reference);
  }

  /** Returns the known messages of a conversation, the newest first, whether they are hidden or not. */
  protected all(conversation: string): Listed[] {
    const known = [...(this.#families.get(conversation) ?? [])];
    return known.flatMap((ref) => this.items[ref] ?? []).sort(win.newestFirst);
  }

  /** Knows a message as it is now, and says to those who show its conversation that it changed. */
  protected knowNow(item: Item): void {
    this.know([this.withPeople(item)]);
    if (item.conversation) this.turns.set(item.conversation, this.turn(item.conversation) + 1);
  }

  /** What an opened message says stays, and the rest of it is as it is now. */
  protected detailNow(item: Item): void {
    const detail = this.#details.get(item.reference);
    if (detail !== undefined) this.#details.set(item.reference, { ...detail, ...item });
  }

  /** Keeps what an opened message says, in place of the one that was opened first. */
  protected keep(detail: Detail): void {
    this.#details.set(detail.reference, detail);
    if (this.#details.size <= DETAILS_MAX) return;
    const [oldest] = this.#details.keys();
    if (oldest !== undefined) this.#details.delete(oldest);
  }

  /** Knows a message no more; returns what was known of it. */
  protected unknow(reference: string): Listed | null {
    const before = this.items[reference] ?? null;
    const items = { ...this.#items };
    delete items[reference];
    this.#items = items;
    if (before?.conversation) this.#families.get(before.conversation)?.delete(reference);
    this.#details.delete(reference);
    return before;
  }

  /** A message as it is now, with what its row says of the others in its conversation. */
  protected withPeople(item: Listed): Listed {
    const people = item.people ?? this.items[item.reference]?.people;
    return people === undefined ? item : { ...item, people };
  }

  protected clear(): void {
    this.items = {};
    this.held.clear();
    this.#details.clear();
    this.snippets.clear();
    this.turns.clear();
  }
}

export function itemOf(detail: Detail): Item {
  const { reference, mailbox, from, subject, receivedAt, size, attachments, protection } = detail;
  const { opened, unread, starred, sent, recipients, notice, asksConfirmation } = detail;
  const where = { reference, mailbox, from, subject, receivedAt, size, attachments, protection };
  const { conversation, labels, octets, standing } = detail;
  const own = { sent, recipients, standing, notice, asksConfirmation };
  return {
    ...where,
    ...own,
    acts: detail.acts,
    conversation,
    labels,
    octets,
    opened,
    unread,
    starred,
  };
}

/** Returns a placeholder until the message comes into view. */
export function pendingItem(flags: Flags): Listed {
  return {
    ...{ ...flags, pending: true },
    from: { name: null, address: null, check: "unchecked", warnings: [] },
    ...{ subject: "", size: 0, octets: 0, attachments: 0, acts: [] },
    ...{ sent: false, recipients: [], standing: null, notice: null, asksConfirmation: false },
    protection: { kind: "inside", version: null, peer: null },
  };
}

function byReference(items: Listed[]): Record<string, Listed> {
  return Object.fromEntries(items.map((item) => [item.reference, item]));
}
