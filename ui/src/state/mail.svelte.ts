// The mailboxes and messages that this page knows: objects by ID and one window per mailbox,
// patched first by local changes and then by the server's answers.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { ApiError } from "../api/client.ts";
import * as api from "../api/mail.ts";
import type {
  AllFlags,
  Change,
  Detail,
  Item,
  Listed,
  Mailbox,
  Flags,
  Page,
  Quota,
  Role,
  Snippet,
} from "../api/types.ts";
import { searchKey, searchOf } from "./window.ts";
import * as win from "./window.ts";

const PAGE = 50;
const DETAILS_MAX = 40;
/** With more changes than this, the list is reloaded instead of patched item by item. */
const PATCH_MAX = 60;
const AT_ONCE = 4;

export type Load = "idle" | "loading" | "ready" | "failed";

class Mail {
  #boxes = $state.raw<Mailbox[]>([]);
  boxesLoad = $state<Load>("idle");
  /** How much the account stores, when the mailboxes were last read. */
  quota = $state.raw<Quota | null>(null);
  items = $state.raw<Record<string, Listed>>({});
  windows = $state.raw<Record<string, win.Window>>({});
  loads = new SvelteMap<string, Load>();
  /** Messages rejected here but not yet on the server; they are hidden meanwhile. */
  held = new SvelteSet<string>();
  /** The mailboxes as the server knows them, without what is being rejected. */
  readonly #counted: Mailbox[] = $derived(
    [...this.held].reduce(
      (boxes, ref) => win.recount(boxes, this.items[ref] ?? null, null),
      this.#boxes,
    ),
  );
  /** Called with messages that arrived while the page was open. */
  onarrived: ((items: Item[]) => void) | null = null;

  /** A counter per conversation that grows with each change to one of its messages. */
  turns = new SvelteMap<string, number>();

  /** The search snippets of messages, by reference number. */
  snippets = new SvelteMap<string, Snippet[]>();

  #placement = new Set<string>();
  #filling = new Set<string>();
  #details = new SvelteMap<string, Detail>();
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
    this.items = {};
    this.windows = {};
    this.loads.clear();
    this.held.clear();
    this.#details.clear();
    this.snippets.clear();
    this.turns.clear();
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

  /** Returns the loaded messages of a mailbox, in order. */
  list(box: string): Listed[] {
    const refs = this.windows[box]?.refs ?? [];
    return refs.flatMap((ref) => {
      const item = this.items[ref];
      return item === undefined || this.held.has(ref) ? [] : [item];
    });
  }

  turn(conversation: string): number {
    return this.turns.get(conversation) ?? 0;
  }

  detail(reference: string): Detail | undefined {
    return this.#details.get(reference);
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
      this.items = { ...this.items, ...byReference(page.items) };
      const now = this.windows[box] ?? win.EMPTY;
      this.windows = { ...this.windows, [box]: win.append(now, page) };
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
      this.items = { ...byReference(unknown.map(pendingItem)), ...this.items };
      this.windows = {
        ...this.windows,
        [box]: { refs: all.map((one) => one.reference), next: null },
      };
    } finally {
      this.#placement.delete(box);
    }
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
      for (const part of chunks(wanted, 200)) {
        const { items } = await api.messageItems(part);
        if (generation !== this.#generation) return;
        this.items = { ...this.items, ...byReference(items) };
        const found = new Set(items.map((item) => item.reference));
        for (const ref of part) if (!found.has(ref)) this.forget(ref);
      }
    } finally {
      for (const ref of wanted) this.#filling.delete(ref);
    }
  }

  /** Loads a page of a mailbox, of a search, or of what a filter finds. */
  async #page(box: string, before: string | null): Promise<Pick<Page, "items" | "next">> {
    const filter = win.filterOf(box);
    if (filter !== null) return api.search(filter.words, before, PAGE, filter.mailbox);
    const query = searchOf(box);
    if (query === null) return api.messageList(box, before, PAGE);
    const found = await api.search(query, before, PAGE);
    const items = found.items.map(({ snippet, ...item }) => {
      this.snippets.set(item.reference, snippet);
      return item;
    });
    return { items, next: found.next };
  }

  /** Repeats a search, and discards its earlier results. */
  async searchAgain(query: string): Promise<void> {
    this.searchDiscard(query);
    await this.more(searchKey(query));
  }

  /** Discards the results of a search, so that it is carried out again when it is shown next. */
  searchDiscard(query: string): void {
    this.discard(searchKey(query));
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
    if (references.every((ref) => window.refs.includes(ref))) return;
    const generation = this.#generation;
    const page = await this.#page(box, null);
    if (generation !== this.#generation) return;
    this.items = { ...this.items, ...byReference(page.items) };
    this.windows = { ...this.windows, [box]: win.append(win.EMPTY, page) };
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
    this.items = { ...this.items, [item.reference]: item };
    if (item.conversation) this.turns.set(item.conversation, this.turn(item.conversation) + 1);
    if (before !== null) this.#boxes = win.recount(this.#boxes, before, item);
    const windows = { ...this.windows };
    for (const [id, window] of Object.entries(windows)) {
      const filter = win.filterOf(id);
      if (filter !== null) {
        if (item.mailbox !== filter.mailbox) windows[id] = win.remove(window, item.reference);
      } else if (searchOf(id) !== null) {
        if (this.#isAway(item)) windows[id] = win.remove(window, item.reference);
      } else if (id === item.mailbox) windows[id] = win.insert(window, item, this.items);
      else if (window.refs.includes(item.reference))
        windows[id] = win.remove(window, item.reference);
    }
    this.windows = windows;
    const detail = this.#details.get(item.reference);
    if (detail !== undefined) this.#details.set(item.reference, { ...detail, ...item });
  }

  /** Whether a message is in the trash or in junk, where a search does not find it. */
  #isAway(item: Item): boolean {
    return [this.role("trash")?.id, this.role("junk")?.id].includes(item.mailbox);
  }

  forget(reference: string): void {
    const before = this.items[reference] ?? null;
    if (before !== null) this.#boxes = win.recount(this.#boxes, before, null);
    const items = { ...this.items };
    delete items[reference];
    this.items = items;
    this.#details.delete(reference);
    const windows = { ...this.windows };
    for (const [id, window] of Object.entries(windows))
      if (window.refs.includes(reference)) windows[id] = win.remove(window, reference);
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
      return this.#startOver();
    }
    if (more || updated.size > PATCH_MAX) return this.#startOver();
    await this.#patch([...updated]);
    await this.boxesRead();
  }

  async #patch(references: string[]): Promise<void> {
    const arrived: Item[] = [];
    const inbox = this.role("inbox")?.id;
    const generation = this.#generation;
    await inParallel(references, async (reference) => {
      try {
        const item = await api.messageItem(reference);
        if (generation !== this.#generation) return;
        if (!(reference in this.items) && item.unread && item.mailbox === inbox) arrived.push(item);
        this.place(item);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        if (generation === this.#generation) this.forget(reference);
      }
    });
    if (arrived.length > 0) this.onarrived?.(arrived);
  }

  /** Reloads what is shown, after a change to more messages than that. */
  startOver(): Promise<void> {
    return this.#startOver();
  }

  async #startOver(): Promise<void> {
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
      const page = await this.#page(box, null);
      // Another user may have signed in on this page meanwhile.
      if (generation !== this.#generation) return;
      // A search that was discarded meanwhile is carried out anew when it is shown.
      if (this.windows[box] === undefined) continue;
      // A further page that is still on its way would leave a gap behind this one.
      this.#requests.delete(box);
      this.loads.set(box, "ready");
      this.items = { ...this.items, ...byReference(page.items) };
      this.windows = { ...this.windows, [box]: win.append(win.EMPTY, page) };
    }
  }

  #remember(detail: Detail): Detail {
    this.place(itemOf(detail));
    this.#details.set(detail.reference, detail);
    if (this.#details.size > DETAILS_MAX) {
      const [oldest] = this.#details.keys();
      if (oldest !== undefined) this.#details.delete(oldest);
    }
    return detail;
  }
}

/** The server carried out a change for some messages only; the others are unchanged. */
export class PartlyDone extends Error {
  readonly count: number;
  /** The changes that undo it. */
  readonly back: win.Batch[];
  constructor(count: number, back: win.Batch[]) {
    super("some messages were not changed");
    this.count = count;
    this.back = back;
  }
}

function itemOf(detail: Detail): Item {
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
function pendingItem(flags: Flags): Listed {
  return {
    ...{ ...flags, pending: true },
    from: { name: null, address: null, check: "unchecked", warnings: [] },
    ...{ subject: "", receivedAt: "", size: 0, octets: 0, attachments: 0, opened: false },
    ...{
      sent: false,
      recipients: [],
      standing: null,
      notice: null,
      asksConfirmation: false,
      acts: [],
    },
    protection: { kind: "inside", version: null, peer: null },
  };
}

function byReference(items: Listed[]): Record<string, Listed> {
  return Object.fromEntries(items.map((item) => [item.reference, item]));
}

function chunks<T>(all: T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Runs a few at a time: over HTTP/1.1 a browser has six connections, and the stream uses one. */
async function inParallel<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

export const mail = new Mail();
