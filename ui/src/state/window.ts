// The loaded part of a mailbox, newest first, and how changes move messages within it. Pure, so
// that optimistic changes and their rollback can be tested with tables.
import type { Change, Item, Mailbox, Flags, Page } from "../api/types.ts";

export interface Window {
  refs: string[];
  /** Where the next older page starts; null once the oldest message is loaded. */
  next: string | null;
}

export type Items = Readonly<Record<string, Item>>;

export interface Batch {
  references: string[];
  change: Change;
}

/** Returns the key of the window for a search. */
export function searchKey(query: string): string {
  return `search:${query}`;
}

/** Returns the query of a search's window; null for a mailbox's window. */
export function searchOf(key: string): string | null {
  return key.startsWith("search:") ? key.slice("search:".length) : null;
}

/** What a filter looks for, and where. */
export interface Filter {
  mailbox: string;
  words: string;
}

/** Returns the key of the window for what a filter finds in its whole mailbox. */
export function filterKey({ mailbox, words }: Filter): string {
  return `filter:${mailbox}:${words}`;
}

/** Returns the filter of such a window; null for any other. */
export function filterOf(key: string): Filter | null {
  const [kind, mailbox, ...words] = key.split(":");
  return kind === "filter" && mailbox !== undefined ? { mailbox, words: words.join(":") } : null;
}

/** Joins two lists of messages, newest first, without duplicates. */
export function joined<One extends Item>(a: One[], b: One[]): One[] {
  const known = new Set(a.map((item) => item.reference));
  const all = [...a, ...b.filter((item) => !known.has(item.reference))];
  return all.sort((one, other) => Date.parse(other.receivedAt) - Date.parse(one.receivedAt));
}

export const EMPTY: Window = { refs: [], next: null };

/** Appends an older page, without duplicates of messages that moved between two requests. */
export function append(window: Window, page: Pick<Page, "items" | "next">): Window {
  const known = new Set(window.refs);
  const fresh = page.items.map((item) => item.reference).filter((ref) => !known.has(ref));
  return { refs: [...window.refs, ...fresh], next: page.next };
}

/** Inserts a message in order of time, unless that part of the list is not loaded yet. */
export function insert(window: Window, item: Item, items: Items): Window {
  const refs = window.refs.filter((ref) => ref !== item.reference);
  const at = refs.findIndex((ref) => isOlder(items[ref], item));
  if (at >= 0) refs.splice(at, 0, item.reference);
  else if (window.next === null) refs.push(item.reference);
  return { ...window, refs };
}

export function remove(window: Window, reference: string): Window {
  return { ...window, refs: window.refs.filter((ref) => ref !== reference) };
}

/** Returns the counts after `before` became `after`; null means "does not exist". */
export function recount(boxes: Mailbox[], before: Item | null, after: Item | null): Mailbox[] {
  return boxes.map((box) => {
    const was = before?.mailbox === box.id ? before : null;
    const is = after?.mailbox === box.id ? after : null;
    if (was === null && is === null) return box;
    const moved = (count: (item: Item) => boolean) =>
      Number(is !== null && count(is)) - Number(was !== null && count(was));
    return {
      ...box,
      total: Math.max(0, box.total + moved(() => true)),
      unread: Math.max(0, box.unread + moved((item) => item.unread)),
      unopened: Math.max(0, box.unopened + moved((item) => !item.opened)),
    };
  });
}

/** Returns a message after a change. */
export function changed(item: Item, change: Change): Item {
  const { label, removeLabel, ...flags } = change;
  const labels = item.labels.filter((one) => one !== removeLabel);
  if (label !== undefined && !labels.includes(label)) labels.push(label);
  return { ...item, ...flags, labels };
}

type Before = Pick<Flags, "reference" | "mailbox" | "unread" | "starred" | "labels">;

/** Returns the requests that restore these messages to their present state, as few as possible. */
export function inverse(before: Before[], change: Change): Batch[] {
  const batches = new Map<string, Batch>();
  for (const item of before) {
    const back: Change = {};
    if (change.unread !== undefined && change.unread !== item.unread) back.unread = item.unread;
    if (change.starred !== undefined && change.starred !== item.starred)
      back.starred = item.starred;
    if (change.mailbox !== undefined && change.mailbox !== item.mailbox)
      back.mailbox = item.mailbox;
    const has = (label: number | undefined) => label !== undefined && item.labels.includes(label);
    if (change.label !== undefined && !has(change.label)) back.removeLabel = change.label;
    if (change.removeLabel !== undefined && has(change.removeLabel))
      back.label = change.removeLabel;
    const key = JSON.stringify(back);
    if (key === "{}") continue;
    const batch = batches.get(key) ?? { references: [], change: back };
    batch.references.push(item.reference);
    batches.set(key, batch);
  }
  return [...batches.values()];
}

/** Returns the rows from the last clicked one to this one, in the order shown (Shift-click). */
export function range(refs: string[], from: string | null, to: string): string[] {
  const a = from === null ? -1 : refs.indexOf(from);
  const b = refs.indexOf(to);
  if (a < 0 || b < 0) return [to];
  return refs.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/**
 * Returns the row to select once `gone` have left the list: the one on the preferred side, else the
 * one on the other side.
 */
export function neighbour(
  refs: string[],
  current: string,
  gone: Set<string>,
  preferred: "next" | "previous" = "next",
): string | null {
  const at = refs.indexOf(current);
  const after = refs.slice(at + 1).find((ref) => !gone.has(ref));
  const before = refs.slice(0, Math.max(0, at)).findLast((ref) => !gone.has(ref));
  return (preferred === "next" ? (after ?? before) : (before ?? after)) ?? null;
}

/** Returns the first message of each conversation, in the order given. */
export function heads<One extends Pick<Flags, "conversation">>(items: One[]): One[] {
  const seen = new Set<string>();
  return items.filter(({ conversation }) => {
    const isFirst = !conversation || !seen.has(conversation);
    if (conversation) seen.add(conversation);
    return isFirst;
  });
}

/** The order of messages in a list. */
export function newestFirst(one: Item, other: Item): number {
  const later = Date.parse(other.receivedAt) - Date.parse(one.receivedAt);
  // Reference numbers begin with their time.
  return later || (one.reference < other.reference ? 1 : -1);
}

/** Fewer characters of a reference number stand in many by chance. */
const REFERENCE_CHARS_MIN = 4;

export function matches(item: Item, filter: string): boolean {
  const words = filter.toLocaleLowerCase().split(/\s+/);
  const { from, subject, recipients } = item;
  const text = [from.name, from.address, ...recipients, subject].join("\n").toLocaleLowerCase();
  const reference = item.reference.toLocaleLowerCase();
  return words.every(
    (word) =>
      text.includes(word) || (word.length >= REFERENCE_CHARS_MIN && reference.includes(word)),
  );
}

function isOlder(a: Item | undefined, b: Item): boolean {
  return a !== undefined && Date.parse(a.receivedAt) < Date.parse(b.receivedAt);
}
