// The mailboxes and messages that this page knows: objects by ID and one window per mailbox,
// patched first by local changes and then by the server's answers.
import { SvelteMap } from "svelte/reactivity";
import { ApiError } from "../api/client.ts";
import * as api from "../api/mail.ts";
import type {
  AllFlags,
  Change,
  ConversationRow,
  Detail,
  Item,
  Listed,
  Mailbox,
  Flags,
  Quota,
  Role,
} from "../api/types.ts";
import { background } from "../lib/background.ts";
import { itemOf, Known, pendingItem } from "./known.svelte.ts";
import { type Loaded, plainPage, rowsPage } from "./pages.ts";
import { chunks, inParallel, PartlyDone } from "./parts.ts";
import * as win from "./window.ts";

/** With more changes than this, the list is reloaded instead of patched item by item. */
const PATCH_MAX = 60;

/** The rows that were asked for to show some changes, by mailbox and conversation. */
type Rows = Map<string, Promise<ConversationRow>>;

export type Load = "idle" | "loading" | "ready" | "failed";

class Mail extends Known {
  #boxes = $state.raw<Mailbox[]>([]);
  boxesLoad = $state<Load>("idle");
  /** How much the account stores, when the mailboxes were last read. */
  quota = $state.raw<Quota | null>(null);
  /**
   * Whether the list of a mailbox has one row for each conversation. Then its window has the newest
   * message of each, and the others are known by their properties.
   */
  folds = $state(false);
  windows = $state.raw<Record<string, win.Window>>({});
  loads = new SvelteMap<string, Load>();
  /** The mailboxes as the server knows them, without what is being rejected. */
  readonly #counted: Mailbox[] = $derived(
    [...this.held].reduce(
      (boxes, ref) => win.recount(boxes, this.items[ref] ?? null, null),
      this.#boxes,
    ),
  );
  /** Called with messages that arrived while the page was open. */
  onarrived: ((items: Item[]) => void) | null = null;

  #placement = new Set<string>();
  #filling = new Set<string>();
  /** Messages that stand for a conversation of which only this mailbox's messages are known. */
  #rowless = new Set<string>();
  #since: string | null = null;
  #syncing = false;
  #syncAgain = false;
  #generation = 0;
  /** How often everything was loaded again. */
  #round = 0;
  /** The request for a page that counts, by its list: what others return is discarded. */
  #requests = new Map<string, symbol>();

  /** The mailboxes with the counts that are shown. */
  get boxes(): Mailbox[] {
    return this.#counted;
  }

  set boxes(boxes: Mailbox[]) {
    this.#boxes = boxes;
  }

  async start(): Promise<void> {
    await this.boxesRead();
  }

  reset(): void {
    this.#generation += 1;
    this.boxes = [];
    this.boxesLoad = "idle";
    this.quota = null;
    this.folds = false;
    this.clear();
    this.windows = {};
    this.loads.clear();
    this.#rowless.clear();
    this.#since = null;
    this.#syncing = false;
  }

  /** Returns a mailbox by its key in the address: a role name or an ID. */
  box(key: string): Mailbox | undefined {
    return this.boxes.find((box) => box.role === key) ?? this.boxes.find((box) => box.id === key);
  }

  role(role: Role): Mailbox | undefined {
    return this.boxes.find((box) => box.role === role);
  }

  /** Returns the rows of a list that are loaded, in order. */
  list(box: string): Listed[] {
    const refs = this.windows[box]?.refs ?? [];
    return refs.flatMap((ref) => {
      const item = this.items[ref];
      if (item === undefined) return [];
      if (!this.held.has(ref)) return [item];
      // While it is hidden, the next one stands for its conversation.
      return this.folds && item.mailbox === box ? this.family(item, box).slice(0, 1) : [];
    });
  }

  /** Shows each conversation as one row, or each message. */
  fold(folds: boolean): void {
    if (this.folds === folds) return;
    this.folds = folds;
    if (this.#since === null) return this.#unlist();
    const again = this.startOver().catch((error: unknown) => {
      // What is listed by the other rule leaves messages out: the list is loaded, and says if it fails.
      this.#unlist();
      throw error;
    });
    void background("listing again", again);
  }

  /** Discards the lists of mailboxes. */
  #unlist(): void {
    for (const key of Object.keys(this.windows))
      if (win.searchOf(key) === null && win.filterOf(key) === null) this.discard(key);
  }

  async boxesRead(): Promise<void> {
    const generation = this.#generation;
    if (this.boxesLoad !== "ready") this.boxesLoad = "loading";
    try {
      const { state, items, quota } = await api.mailboxList();
      if (generation !== this.#generation) return;
      this.boxes = items;
      this.quota = quota;
      // Only the first state counts: windows loaded later are newer than it, never older.
      this.#since ??= state;
      this.boxesLoad = "ready";
    } catch (error) {
      if (this.boxesLoad !== "ready") this.boxesLoad = "failed";
      throw error;
    }
  }

  /** Loads the first page, or the next older one. Safe to call at any time. */
  async more(box: string): Promise<void> {
    const window = this.windows[box];
    if (this.loads.get(box) === "loading" || (window && window.next === null)) return;
    const generation = this.#generation;
    const round = this.#round;
    const request = Symbol(box);
    this.#requests.set(box, request);
    const counts = () => generation === this.#generation && this.#requests.get(box) === request;
    this.loads.set(box, "loading");
    try {
      const page = await this.#page(box, window?.next ?? null);
      if (!counts()) return;
      if (window === undefined && round !== this.#round) {
        // What was asked for before everything was loaded again may be older than that.
        this.loads.delete(box);
        return await this.more(box);
      }
      const now = this.windows[box] ?? win.EMPTY;
      this.#append(box, now, page);
      this.loads.set(box, "ready");
    } catch (error) {
      if (counts()) this.loads.set(box, "failed");
      throw error;
    }
  }

  /**
   * Loads the position of every message of a mailbox, so that its list can be scrolled anywhere.
   */
  async places(box: string): Promise<void> {
    if (this.#placement.has(box) || (this.windows[box]?.next ?? null) === null) return;
    this.#placement.add(box);
    const generation = this.#generation;
    try {
      const all: Flags[] = [];
      for (let before: string | null = null; ;) {
        const page: AllFlags = await api.flags({ mailbox: box }, before);
        if (generation !== this.#generation) return;
        all.push(...page.items);
        before = page.next;
        if (before === null) break;
      }
      const unknown = all.filter((one) => this.items[one.reference] === undefined);
      this.know(unknown.map((one) => ({ ...pendingItem(one), ...one })));
      const rows = this.folds ? win.heads(all) : all;
      if (this.folds) this.#rowsUnknown(box, rows);
      this.windows = {
        ...this.windows,
        [box]: { refs: rows.map((one) => one.reference), next: null },
      };
    } finally {
      this.#placement.delete(box);
    }
  }

  /** Has the rows asked for that no page of the list has brought, once they are in view. */
  #rowsUnknown(box: string, rows: Flags[]): void {
    const known = new Set(this.windows[box]?.refs);
    const fresh = rows.filter((one) => one.conversation && !known.has(one.reference));
    for (const { reference } of fresh) this.#rowless.add(reference);
    this.know(
      fresh.flatMap(({ reference }) => {
        const item = this.items[reference];
        return item === undefined ? [] : [{ ...item, pending: true as const }];
      }),
    );
  }

  /** Loads rows of which only the messages of this mailbox were known; returns what is left to load. */
  async #fillRows(references: string[]): Promise<string[]> {
    const generation = this.#generation;
    const left = references.filter((ref) => !this.folds || !this.#rowless.has(ref));
    const rowless = references.filter((ref) => !left.includes(ref));
    await inParallel(rowless, async (reference) => {
      try {
        const row = await api.conversationRow(reference);
        if (generation !== this.#generation) return;
        this.#rowless.delete(reference);
        const { latest, authors: people } = row;
        this.know([...this.members(row), { ...latest, people }]);
        if (latest.reference !== reference) left.push(reference);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        if (generation === this.#generation) this.forget(reference);
      }
    });
    return left;
  }

  /** Loads messages of which only the position was known. */
  async fill(references: string[]): Promise<void> {
    const wanted = references.filter(
      (ref) => this.items[ref]?.pending === true && !this.#filling.has(ref),
    );
    if (wanted.length === 0) return;
    for (const ref of wanted) this.#filling.add(ref);
    try {
      const generation = this.#generation;
      const left = await this.#fillRows(wanted);
      if (generation !== this.#generation) return;
      for (const part of chunks(left, 200)) {
        const { items } = await api.messageItems(part);
        if (generation !== this.#generation) return;
        this.know(items.map((item) => this.withPeople(item)));
        const found = new Set(items.map((item) => item.reference));
        for (const ref of part) if (!found.has(ref)) this.forget(ref);
      }
    } finally {
      for (const ref of wanted) this.#filling.delete(ref);
    }
  }

  /** Appends a page to a window, without what already has a row. */
  #append(box: string, window: win.Window, page: Loaded): void {
    const rows = new Set<string>();
    if (this.#isFolded(box))
      for (const ref of window.refs) rows.add(this.items[ref]?.conversation ?? "");
    rows.delete("");
    this.know([...page.members, ...page.items]);
    const items = page.items.filter((item) => !rows.has(item.conversation ?? ""));
    this.windows = { ...this.windows, [box]: win.append(window, { ...page, items }) };
  }

  /** Whether a window has one row for each conversation. */
  #isFolded(key: string): boolean {
    return this.folds && win.searchOf(key) === null && win.filterOf(key) === null;
  }

  /** Loads a page of a mailbox, of a search, or of what a filter finds. */
  async #page(box: string, before: string | null): Promise<Loaded> {
    const generation = this.#generation;
    if (!this.#isFolded(box)) return plainPage(box, before, this.snippets);
    const { rows, next } = await rowsPage(box, before, () => generation === this.#generation);
    const items = rows.map(({ latest, authors }) => ({ ...latest, people: authors }));
    return { items, members: rows.flatMap((row) => this.members(row)), next };
  }

  /** Repeats a search, and discards its earlier results. */
  async searchAgain(query: string): Promise<void> {
    this.searchDiscard(query);
    await this.more(win.searchKey(query));
  }

  /** Discards the results of a search, so that it is carried out again when it is shown next. */
  searchDiscard(query: string): void {
    this.discard(win.searchKey(query));
  }

  /** Discards a window, whose page may still be on its way. */
  discard(key: string): void {
    this.#requests.delete(key);
    const windows = { ...this.windows };
    delete windows[key];
    this.windows = windows;
    this.loads.delete(key);
  }

  async item(reference: string): Promise<Item> {
    const known = this.items[reference];
    const generation = this.#generation;
    const item = known && !known.pending ? known : await api.messageItem(reference);
    if (generation === this.#generation) this.place(item);
    return item;
  }

  /** Like `item`, but does not insert it into any list. */
  async itemOnly(reference: string): Promise<Item> {
    const known = this.items[reference];
    return known && !known.pending ? known : api.messageItem(reference);
  }

  async read(reference: string): Promise<Detail> {
    return this.#remember(await api.messageRead(reference));
  }

  async open(reference: string, confirm: boolean | null = null): Promise<Detail> {
    return this.#remember(await api.messageOpen(reference, confirm));
  }

  /** Applies a change here at once, then on the server; reverts what the server refused. */
  async change(references: string[], change: Change): Promise<win.Batch[]> {
    const before = references.flatMap((ref) => this.items[ref] ?? []);
    for (const item of before) this.place(win.changed(item, change));
    const done = new Set<string>();
    try {
      for (const part of chunks(references, 500))
        for (const ref of (await api.messageChange(part, change)).done) done.add(ref);
    } finally {
      for (const item of before) if (!done.has(item.reference)) this.place(item);
    }
    const kept = before.filter((item) => done.has(item.reference));
    const back = win.inverse(kept, change);
    if (kept.length < before.length) throw new PartlyDone(before.length - kept.length, back);
    if (change.mailbox !== undefined) await this.#seen(change.mailbox, references);
    return back;
  }

  /**
   * If messages moved to a part of the list that is not loaded, reloads the list from its start.
   */
  async #seen(box: string, references: string[]): Promise<void> {
    const window = this.windows[box];
    if (window === undefined || window.next === null) return;
    if (references.every((ref) => this.#hasRow(window, ref))) return;
    const generation = this.#generation;
    const page = await this.#page(box, null);
    if (generation !== this.#generation) return;
    this.#append(box, win.EMPTY, page);
  }

  /** Whether a window shows a message, or the conversation that it belongs to. */
  #hasRow({ refs }: win.Window, reference: string): boolean {
    const conversation = this.folds ? this.items[reference]?.conversation : null;
    return refs.some(
      (ref) =>
        ref === reference || (conversation && this.items[ref]?.conversation === conversation),
    );
  }

  /** Changes messages that are not all loaded; the caller reloads the list afterwards. */
  async changeUnseen(
    references: string[],
    change: Change,
    progress: (done: number) => void,
  ): Promise<number> {
    let [done, tried] = [0, 0];
    for (const part of chunks(references, 500)) {
      done += (await api.messageChange(part, change)).done.length;
      tried += part.length;
      progress(tried);
    }
    return done;
  }

  /** Deletes messages permanently; throws the first failure if some could not be deleted. */
  async destroy(references: string[]): Promise<void> {
    const failed: unknown[] = [];
    await inParallel(references, async (reference) => {
      try {
        await api.messageDelete(reference);
        this.forget(reference);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) this.forget(reference);
        else failed.push(error);
      }
    });
    if (failed.length > 0) throw failed[0];
  }

  /** Inserts a message where it belongs, in the windows and in the counts. */
  place(item: Item): void {
    const before = this.items[item.reference] ?? null;
    this.knowNow(item);
    if (before !== null) this.#boxes = win.recount(this.#boxes, before, item);
    const windows = { ...this.windows };
    for (const [id, window] of Object.entries(windows)) {
      const filter = win.filterOf(id);
      if (filter !== null) {
        if (item.mailbox !== filter.mailbox) windows[id] = win.remove(window, item.reference);
      } else if (win.searchOf(id) !== null) {
        if (this.isAway(item)) windows[id] = win.remove(window, item.reference);
      } else if (this.folds && (item.conversation || before?.conversation)) {
        // Any list: that it was there before may be known no more, as when its row was read since.
        windows[id] = this.#headed(window, id, [before?.conversation, item.conversation]);
      } else if (id === item.mailbox) windows[id] = win.insert(window, item, this.items);
      else if (window.refs.includes(item.reference))
        windows[id] = win.remove(window, item.reference);
    }
    this.windows = windows;
    this.detailNow(item);
  }

  /**
   * Puts the newest message of each of these conversations into a list of rows, where it belongs. The
   * server orders them as they came into the mailbox: a row that has no place by its time stays at the
   * end of what is loaded, since no later page may bring it.
   */
  #headed(
    window: win.Window,
    box: string,
    conversations: (string | null | undefined)[],
    gone: string | null = null,
  ): win.Window {
    return [...new Set(conversations)].reduce<win.Window>((now, conversation) => {
      if (!conversation) return now;
      const isOf = (ref: string) => ref === gone || this.items[ref]?.conversation === conversation;
      const newest = this.all(conversation).find((one) => one.mailbox === box);
      const rows = now.refs.filter(isOf);
      if (rows.length === 1 && rows[0] === newest?.reference) return now;
      const without = { ...now, refs: now.refs.filter((ref) => !isOf(ref)) };
      if (newest === undefined) return without;
      const placed = win.insert(without, newest, this.items);
      const isLost = rows.length > 0 && !placed.refs.includes(newest.reference);
      return isLost ? { ...placed, refs: [...placed.refs, newest.reference] } : placed;
    }, window);
  }

  /** Whether a message is in the trash or in junk, where a search does not find it. */
  isAway(item: Item): boolean {
    return [this.role("trash")?.id, this.role("junk")?.id].includes(item.mailbox);
  }

  forget(reference: string): void {
    const before = this.unknow(reference);
    if (before !== null) this.#boxes = win.recount(this.#boxes, before, null);
    this.#rowless.delete(reference);
    const windows = { ...this.windows };
    for (const [id, window] of Object.entries(windows)) {
      if (!window.refs.includes(reference)) continue;
      const without = win.remove(window, reference);
      windows[id] =
        before?.conversation && this.#isFolded(id)
          ? this.#headed(window, id, [before?.conversation], reference)
          : without;
    }
    this.windows = windows;
  }

  /** Catches up with the server. Runs one at a time; a call during a run causes one more run. */
  async sync(): Promise<void> {
    if (this.#since === null) return;
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    this.#syncing = true;
    const generation = this.#generation;
    try {
      do {
        this.#syncAgain = false;
        await this.#catchUp();
      } while (this.#syncAgain && generation === this.#generation);
    } finally {
      if (generation === this.#generation) this.#syncing = false;
    }
  }

  async #catchUp(): Promise<void> {
    const updated = new Set<string>();
    let more = this.#since !== null;
    try {
      while (more && this.#since !== null) {
        const generation = this.#generation;
        const delta = await api.changes(this.#since);
        if (generation !== this.#generation) return;
        for (const reference of delta.updated) updated.add(reference);
        for (const reference of delta.removed) {
          updated.delete(reference);
          this.forget(reference);
        }
        this.#since = delta.state;
        more = delta.more && updated.size <= PATCH_MAX;
      }
    } catch (error) {
      // The change log does not reach back far enough (410): reload everything.
      if (!(error instanceof ApiError) || error.status !== 410) throw error;
      return this.startOver();
    }
    if (more || updated.size > PATCH_MAX) return this.startOver();
    await this.#patch([...updated]);
    await this.boxesRead();
  }

  async #patch(references: string[]): Promise<void> {
    const arrived: Item[] = [];
    const inbox = this.role("inbox")?.id;
    const generation = this.#generation;
    const unknown = new Set(references.filter((reference) => !(reference in this.items)));
    const rows: Rows = new Map();
    await inParallel(references, async (reference) => {
      try {
        const item = await this.#changed(reference, rows);
        if (generation !== this.#generation) return;
        if (unknown.has(reference) && item.unread && item.mailbox === inbox) arrived.push(item);
        this.place(item);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        if (generation === this.#generation) this.forget(reference);
      }
    });
    if (arrived.length > 0) this.onarrived?.(arrived);
  }

  /**
   * Asks for a message that has changed; a new one comes with the others of its conversation, which
   * are asked for once for all that changed in it.
   */
  async #changed(reference: string, rows: Rows): Promise<Item> {
    const generation = this.#generation;
    const known = this.items[reference];
    const item = await api.messageItem(reference);
    const isRelated = item.conversation && item.conversation !== known?.conversation;
    if (!this.folds || !isRelated) return item;
    const key = `${item.mailbox} ${item.conversation}`;
    const asked = rows.get(key);
    const ask = () => api.conversationRow(reference);
    const asks = asked === undefined ? ask() : asked.catch(ask);
    rows.set(key, asks);
    const row = await asks;
    if (generation !== this.#generation) return item;
    const { latest, authors: people } = row;
    // What asks for the message itself counts it: as arrived, and in its mailbox.
    this.know(this.members(row).filter((one) => one.reference !== reference));
    if (latest.reference === reference) return { ...latest, people } as Item;
    this.know([{ ...latest, people }]);
    return item;
  }

  /** Reloads what is shown, after a change to more messages than that. */
  async startOver(): Promise<void> {
    const generation = this.#generation;
    const before = this.#since;
    this.#since = null;
    this.#round += 1;
    try {
      await this.boxesRead();
      await this.#windowsAgain(generation);
    } catch (error) {
      // What was not reloaded is caught up with from the earlier state.
      if (generation === this.#generation) this.#since = before;
      throw error;
    }
  }

  async #windowsAgain(generation: number): Promise<void> {
    for (const box of Object.keys(this.windows)) {
      const { folds } = this;
      const page = await this.#page(box, null);
      // Another user may have signed in on this page meanwhile.
      if (generation !== this.#generation) return;
      // It was listed by the other rule, and discarded.
      if (folds !== this.folds) continue;
      // A search that was discarded meanwhile is carried out anew when it is shown.
      if (this.windows[box] === undefined) continue;
      // A further page that is still on its way would leave a gap behind this one.
      this.#requests.delete(box);
      this.loads.set(box, "ready");
      this.#append(box, win.EMPTY, page);
    }
  }

  #remember(detail: Detail): Detail {
    this.place(itemOf(detail));
    this.keep(detail);
    return detail;
  }
}

export const mail = new Mail();
