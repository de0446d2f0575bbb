// What is chosen in the list: where the cursor stands, what is ticked, what is typed
// into the filter, and which messages an act is therefore about.
import { SvelteSet } from "svelte/reactivity";
import type { Item } from "../../api/types.ts";
import { boxHref } from "../../lib/names.ts";
import { href } from "../../lib/router.ts";
import * as act from "../../state/actions.svelte.ts";
import { mail } from "../../state/mail.svelte.ts";
import { matches, neighbour, range, searchOf } from "../../state/window.ts";

export class Pane {
  /** The window that is shown: a mailbox's id, or what was searched for. */
  mailbox = $state("");
  readonly query: string | null = $derived(searchOf(this.mailbox));
  /** The message in the reader. */
  shown = $state<string | null>(null);
  cursor = $state<string | null>(null);
  filter = $state("");
  selected = new SvelteSet<string>();
  #anchor: string | null = null;
  #go: (reference: string | null) => void;
  #ask: (references: string[]) => void;

  readonly all: Item[] = $derived(mail.list(this.mailbox));
  readonly items: Item[] = $derived(
    this.query !== null || this.filter.trim() === ""
      ? this.all
      : this.all.filter((item) => matches(item, this.filter.trim())),
  );
  readonly refs: string[] = $derived(this.items.map((item) => item.reference));
  /** The ticked messages that are in sight, in order. */
  readonly ticked: string[] = $derived(this.refs.filter((ref) => this.selected.has(ref)));
  readonly inTrash: boolean = $derived(mail.role("trash")?.id === this.mailbox);

  /** `go` shows a message (or none); `ask` asks before something that cannot be undone. */
  constructor(go: (reference: string | null) => void, ask: (references: string[]) => void) {
    this.#go = go;
    this.#ask = ask;
  }

  enter(mailbox: string): void {
    this.mailbox = mailbox;
    this.selected.clear();
    this.filter = this.query ?? "";
    this.cursor = null;
    this.#anchor = null;
  }

  /** Where a row leads to. */
  href(item: Item): string | undefined {
    if (this.query !== null) {
      const { query } = this;
      return href({ view: "mail", mailbox: "search", reference: item.reference, query });
    }
    const box = mail.box(item.mailbox);
    return box && boxHref(box, item.reference);
  }

  tick(reference: string, withRange: boolean): void {
    const on = !this.selected.has(reference);
    const refs = withRange ? range(this.refs, this.#anchor, reference) : [reference];
    for (const ref of refs) {
      if (on) this.selected.add(ref);
      else this.selected.delete(ref);
    }
    this.#anchor = reference;
    this.cursor = reference;
  }

  tickAll(): void {
    const all = this.ticked.length === this.refs.length;
    this.selected.clear();
    if (!all) for (const ref of this.refs) this.selected.add(ref);
  }

  /** One down or up; null at the ends and in an empty list. */
  step(by: 1 | -1): string | null {
    const at = this.cursor === null ? -1 : this.refs.indexOf(this.cursor);
    const to = this.refs[at < 0 ? 0 : at + by];
    if (to === undefined) return null;
    this.cursor = to;
    return to;
  }

  /** What a key or a toolbar button is about: the ticked ones, else the one shown or under the cursor. */
  chosen(): string[] {
    if (this.ticked.length > 0) return this.ticked;
    const one = this.shown ?? this.cursor;
    return one === null ? [] : [one];
  }

  archive(references = this.chosen()): void {
    this.#leaving(references);
    void act.archive(references);
  }

  move(references: string[], mailbox: string): void {
    this.#leaving(references);
    void act.move(references, mailbox);
  }

  delete(references = this.chosen()): void {
    if (references.length === 0) return;
    if (this.inTrash) return this.#ask(references);
    this.#leaving(references);
    void act.trash(references);
  }

  destroy(references: string[]): void {
    this.#leaving(references);
    void act.destroy(references);
  }

  reject(reference: string, reason: Parameters<typeof act.reject>[1]): void {
    this.#leaving([reference]);
    act.reject(reference, reason);
  }

  mark(unread: boolean, references = this.chosen()): void {
    void act.mark(references, unread);
  }

  star(references = this.chosen()): void {
    const starred = references.every((ref) => mail.items[ref]?.starred);
    void act.star(references, !starred);
  }

  /** Stands on a neighbour before these go, so that the place in the list is not lost. */
  #leaving(references: string[]): void {
    const gone = new Set(references);
    for (const ref of references) this.selected.delete(ref);
    const from = this.cursor ?? this.shown;
    if (from !== null && gone.has(from)) this.cursor = neighbour(this.refs, from, gone);
    if (this.shown !== null && gone.has(this.shown)) this.#go(null);
  }
}
