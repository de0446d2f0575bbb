// The state of the list: the cursor, the selected messages and the filter, and which messages an
// action therefore applies to.
import { SvelteSet } from "svelte/reactivity";
import type { Change, Item, Listed } from "../../api/types.ts";
import { t } from "../../i18n/index.svelte.ts";
import { boxHref, boxName } from "../../lib/names.ts";
import { href } from "../../lib/router.ts";
import * as act from "../../state/actions.svelte.ts";
import { mail } from "../../state/mail.svelte.ts";
import { prefs } from "../../state/prefs.svelte.ts";
import { composers } from "../compose/composers.svelte.ts";
import { drafts } from "../compose/drafts.svelte.ts";
import { filterKey, joined, matches, neighbour, range, searchOf } from "../../state/window.ts";

/** Going to a message, opening it, or asking whether to reject it. */
export interface Wish {
  reference: string;
  act: "go" | "open" | "reject";
}

export class Pane {
  /** The key of the window that is shown: a mailbox's ID, or a search. */
  mailbox = $state("");
  readonly query: string | null = $derived(searchOf(this.mailbox));
  /** The message in the reader. */
  shown = $state<string | null>(null);
  cursor = $state<string | null>(null);
  /** What the keyboard asked for, to be done as soon as that message is shown. */
  wish = $state.raw<Wish | null>(null);
  filter = $state("");
  /** The words of the filter that the server was asked for. */
  #asked = $state("");
  selected = new SvelteSet<string>();
  #anchor: string | null = null;
  #go: (reference: string | null) => void;
  #ask: (references: string[]) => void;
  #left: () => void;

  /** Whether the list is that of the drafts, which can only be opened or discarded. */
  readonly isDrafts: boolean = $derived(mail.role("drafts")?.id === this.mailbox);
  readonly all: Listed[] = $derived(this.isDrafts ? drafts.rows : mail.list(this.mailbox));
  /** Whether all messages of the mailbox or search are meant, including those not loaded. */
  everything = $state(false);
  /** The filter on this mailbox; a search is not a filter. */
  readonly listFilter: string = $derived(this.query === null ? this.filter.trim() : "");
  readonly #isGrouped: boolean = $derived(
    mail.folds && this.query === null && this.listFilter === "" && !this.isDrafts,
  );
  /** The key of the window with what the server finds for the filter, once it was asked. */
  readonly sought: string | null = $derived(
    this.listFilter !== "" && this.listFilter === this.#asked
      ? filterKey({ mailbox: this.mailbox, words: this.#asked })
      : null,
  );
  /** With a filter: which of the loaded messages match, at once, and what the server finds. */
  readonly items: Listed[] = $derived(
    this.listFilter === ""
      ? this.all
      : joined(
          this.all.filter((item) => matches(item, this.listFilter)),
          this.sought === null ? [] : mail.list(this.sought),
        ),
  );
  readonly refs: string[] = $derived(this.items.map((item) => item.reference));
  /** The conversations that were selected: another message may stand for them by now. */
  readonly #selectedConversations: Set<string> = $derived(
    new Set(
      [...this.selected].flatMap((ref) => {
        const item = mail.items[ref];
        return item?.mailbox === this.mailbox && item.conversation ? [item.conversation] : [];
      }),
    ),
  );
  /** The selected rows that are visible, in order. */
  readonly ticked: string[] = $derived(
    this.selected.size === 0
      ? []
      : this.items.filter((item) => this.isTicked(item)).map((item) => item.reference),
  );
  readonly inTrash: boolean = $derived(mail.role("trash")?.id === this.mailbox);
  /** What the trash button does here. */
  readonly deleteWord: string = $derived(
    this.isDrafts ? t().compose.discard : this.inTrash ? t().act.deleteForever : t().act.delete,
  );

  /**
   * `go` shows a message (or none); `ask` asks before something that cannot be undone; `left` finds
   * a place for the focus after messages have left the list.
   */
  constructor(
    go: (reference: string | null) => void,
    ask: (references: string[]) => void,
    left: () => void = () => undefined,
  ) {
    this.#go = go;
    this.#ask = ask;
    this.#left = left;
  }

  /** Whether a row is selected: by any of its messages, since the newest may have come later. */
  isTicked(item: Item): boolean {
    if (this.selected.has(item.reference)) return true;
    return this.#isGrouped && this.#selectedConversations.has(item.conversation ?? "");
  }

  /** Returns the messages of this mailbox that one row represents, newest first. */
  group(item: Item): Listed[] {
    if (!this.#isGrouped || !item.conversation) return [item];
    const group = mail.family(item, item.mailbox);
    return group.length > 0 ? group : [item];
  }

  /** How many messages the conversation of a row has, as the reader shows it. */
  count(item: Item): number {
    if (!this.#isGrouped || !item.conversation) return 1;
    const isShown = (one: Item) => one.mailbox === item.mailbox || !mail.isAway(one);
    return mail.family(item).filter(isShown).length;
  }

  /** How many messages of the mailbox the loaded rows represent. */
  get represented(): number {
    return this.all.reduce((sum, item) => sum + this.group(item).length, 0);
  }

  /** Whether a row represents the message in the reader. */
  shows(item: Item): boolean {
    return this.group(item).some((one) => one.reference === this.shown);
  }

  /** Returns the row that represents a message: its own, or that of its conversation. */
  rowOf(reference: string): string | null {
    if (this.refs.includes(reference)) return reference;
    const row = this.items.find((item) =>
      this.group(item).some((one) => one.reference === reference),
    );
    return row?.reference ?? null;
  }

  /** Shows a message at the first press of its key, and opens it at the second. */
  press(reference: string): void {
    this.wish = { reference, act: this.shown === reference ? "open" : "go" };
  }

  /**
   * Returns all messages that the given rows represent. What is done in the reader is done to the
   * message that it shows, which is given without this.
   */
  meant(rows: string[]): string[] {
    const all = rows.flatMap((ref) => {
      const item = mail.items[this.rowOf(ref) ?? ""];
      return item === undefined ? [ref] : this.group(item).map((one) => one.reference);
    });
    return [...new Set(all)];
  }

  /** Has the server look for the words of the filter in the whole mailbox. */
  seek(): void {
    this.#asked = this.listFilter;
  }

  enter(mailbox: string): void {
    this.mailbox = mailbox;
    this.everything = false;
    this.selected.clear();
    this.filter = this.query ?? "";
    this.cursor = null;
    this.#anchor = null;
  }

  /** Returns the address that a row links to. */
  href(item: Listed): string | undefined {
    if (item.draft) return href({ view: "mail", mailbox: "drafts", reference: null });
    if (this.query !== null) {
      const { query } = this;
      return href({ view: "mail", mailbox: "search", reference: item.reference, query });
    }
    const box = mail.box(item.mailbox);
    return box && boxHref(box, item.reference);
  }

  tick(reference: string, withRange: boolean): void {
    const row = this.rowOf(reference) ?? reference;
    const on = !this.ticked.includes(row);
    this.everything = false;
    const from = this.#anchor === null ? null : this.rowOf(this.#anchor);
    const refs = withRange ? range(this.refs, from, row) : [row];
    if (on) for (const ref of refs) this.selected.add(ref);
    else for (const ref of this.meant(refs)) this.selected.delete(ref);
    this.#anchor = row;
    this.cursor = row;
  }

  tickAll(): void {
    const all = this.ticked.length === this.refs.length;
    this.everything = false;
    this.selected.clear();
    if (!all) for (const ref of this.refs) this.selected.add(ref);
  }

  /** Moves the cursor one row down or up; returns null at the ends and in an empty list. */
  step(by: 1 | -1): string | null {
    const row = this.cursor === null ? null : this.rowOf(this.cursor);
    const at = row === null ? -1 : this.refs.indexOf(row);
    const to = this.refs[at < 0 ? 0 : at + by];
    if (to === undefined) return null;
    this.cursor = to;
    return to;
  }

  /**
   * Returns the messages that an action applies to: the selected ones, else the one in the reader,
   * else the one under the cursor.
   */
  chosen(): string[] {
    if (this.ticked.length > 0) return this.meant(this.ticked);
    // In the reader it is the message itself; in the list a row means its whole conversation.
    if (this.shown !== null) return [this.shown];
    // What stood there may have left the list: then the key means nothing.
    const row = this.cursor === null ? null : this.rowOf(this.cursor);
    return row === null ? [] : this.meant([row]);
  }

  /** Returns the place whose messages are all meant, if that is more than what is loaded. */
  get everywhere(): act.Everything {
    return this.query === null ? { mailbox: this.mailbox } : { q: this.query };
  }

  /** Changes all messages, if that is what is selected; returns whether it was. */
  #toAll(change: Change, said: (n: number) => string): boolean {
    if (!this.everything) return false;
    this.everything = false;
    this.selected.clear();
    this.#go(null);
    void act.changeAll(this.everywhere, change, said);
    return true;
  }

  label(references: string[], change: Change): void {
    if (this.isDrafts) return;
    if (!this.#toAll(change, t().act.changed)) void act.label(references, change);
  }

  archive(references = this.chosen()): void {
    if (this.isDrafts) return;
    const box = mail.role("archive");
    if (box !== undefined && this.#toAll({ mailbox: box.id }, t().act.archived)) return;
    this.#leaving(references);
    void act.archive(references);
  }

  move(references: string[], mailbox: string): void {
    if (this.isDrafts) return;
    const box = mail.box(mailbox);
    const name = box === undefined ? mailbox : boxName(box, t());
    if (this.#toAll({ mailbox }, (n) => t().act.moved(n, name))) return;
    this.#leaving(references);
    void act.move(references, mailbox);
  }

  delete(references = this.chosen()): void {
    if (references.length === 0) return;
    if (this.isDrafts) return this.#discard(references);
    const box = mail.role("trash");
    if (!this.inTrash && box && this.#toAll({ mailbox: box.id }, t().act.trashed)) return;
    if (this.inTrash) return this.#ask(references);
    this.#leaving(references);
    void act.trash(references);
  }

  #discard(drafts: string[]): void {
    this.#leaving(drafts);
    composers.discardDrafts(drafts);
  }

  destroy(references: string[]): void {
    this.#leaving(references);
    void act.destroy(references);
  }

  reject(...[reference, reason, confirm]: Parameters<typeof act.reject>): void {
    this.#leaving([reference]);
    act.reject(reference, reason, confirm);
  }

  mark(unread: boolean, references = this.chosen()): void {
    if (this.isDrafts) return;
    if (this.#toAll({ unread }, t().act.changed)) return;
    void act.mark(references, unread);
  }

  star(references = this.chosen()): void {
    if (this.isDrafts) return;
    if (this.#toAll({ starred: true }, t().act.changed)) return;
    void act.star(references, !this.areStarred(references));
  }

  /** Whether each of these messages is starred, or another one of its row that is meant with it. */
  areStarred(references: string[]): boolean {
    const row = (ref: string) => (this.#isGrouped && mail.items[ref]?.conversation) || ref;
    const starred = new Set(references.filter((ref) => mail.items[ref]?.starred).map(row));
    return references.every((ref) => starred.has(row(ref)));
  }

  /**
   * Moves the cursor to a neighbour before these messages leave, so that the position is kept, and
   * shows what the user chose to see after the message in the reader.
   */
  #leaving(references: string[]): void {
    const gone = new Set(references);
    this.everything = false;
    for (const ref of references) this.selected.delete(ref);
    const from = this.cursor ?? this.shown;
    const { advance } = prefs;
    const side = advance === "previous" ? advance : "next";
    if (from !== null && gone.has(from))
      this.cursor = neighbour(this.refs, this.rowOf(from) ?? from, gone, side);
    if (this.shown !== null && gone.has(this.shown))
      this.#go(advance === "list" ? null : this.cursor);
    this.#left();
  }
}
