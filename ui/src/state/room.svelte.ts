// One room that is shown: what was said there, who is there, and what comes in meanwhile. A line comes by
// the event stream itself; only what is missing is asked for.
import { ApiError } from "../api/client.ts";
import * as api from "../api/rooms.ts";
import { background } from "../lib/background.ts";
import { newsOf, rooms, type RoomNews } from "./rooms.svelte.ts";

/** What of the page the room needs to know. */
export interface Screen {
  /** The last line of which something is in sight. */
  lastSeen(): number;
  /** Makes a change of what is shown, and keeps the end in sight where it was. */
  settle(change: () => Promise<void> | void): Promise<void>;
  /** A line of somebody else came in. */
  heard(line: api.Line): void;
  /** Up to this line was read. */
  read(number: number): void;
}

const KEPT_STATE_MS = 6_000;
const READ_EVERY_MS = 1_000;
/** In a large room those who read report it within a while, and not all at once. */
const READ_SPREAD_MS = 9_000;
const MEMBERS_EVERY_MS = 2_000;
/** How many pages of lines are read at once. */
const PAGES_MAX = 20;

export class RoomState {
  room = $state.raw<api.Room | null>(null);
  lines = $state.raw<api.Line[]>([]);
  persons = $state.raw<Record<string, api.Person>>({});
  members = $state.raw<api.Member[]>([]);
  total = $state(0);
  gone = $state(false);
  failed = $state(false);
  /** The last line that was read when the room was opened: what comes after it is new. */
  newFrom = $state(0);
  /** The line that somebody looked for; beyond all where nobody did. */
  wanted = Infinity;
  /** Whether there are later lines than were read at once. */
  paused = $state(false);
  /** Grows with each hint that somebody asks to join, or was answered. */
  asks = $state(0);
  /** Who types, and who just went away, and when that was seen. */
  typing = $state.raw<Record<string, number>>({});
  went = $state.raw<Record<string, number>>({});
  readonly #id: string;
  readonly #screen: Screen;
  /** While the room is read anew, what comes in only says how far it goes. */
  #loading = false;
  #missed = false;
  #reported = -1;
  #reading: ReturnType<typeof setTimeout> | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;
  #completing: Promise<void> | undefined;

  constructor(id: string, screen: Screen) {
    this.#id = id;
    this.#screen = screen;
  }

  get last(): number {
    return this.lines.at(-1)?.number ?? 0;
  }

  get first(): number {
    return this.room?.first ?? 1;
  }

  /** Listens until the returned function is called. */
  start(): () => void {
    const hint = (event: Event) => void background("reading a room", this.#hint(newsOf(event)));
    const back = () => void background("reading a room", this.reads());
    rooms.shown = this.#id;
    window.addEventListener("chat", hint);
    document.addEventListener("visibilitychange", back);
    return () => {
      if (rooms.shown === this.#id) rooms.shown = null;
      clearTimeout(this.#reading);
      clearTimeout(this.#counting);
      window.removeEventListener("chat", hint);
      document.removeEventListener("visibilitychange", back);
    };
  }

  /** Reads the room from the first unread line on, with some before it. */
  async load(): Promise<void> {
    this.failed = false;
    this.#loading = true;
    try {
      const seen = await api.roomRead(this.#id);
      this.room = seen;
      this.newFrom = seen.read;
      // Somebody who looked for a line sees it with what stands around it.
      const wanted = rooms.wanted?.room === this.#id ? rooms.wanted.number : Infinity;
      rooms.wanted = null;
      this.wanted = wanted;
      const from = Math.min(seen.read, wanted);
      this.lines = [];
      this.take(await api.linesBefore(this.#id, from + 1));
      await this.#later(from);
      await this.#membersAgain();
      // What came meanwhile was not shown by itself.
      this.#loading = false;
      if (!this.paused && this.last < (this.room?.last ?? 0)) await this.#later(this.last);
      if (this.#missed) await this.#hinted("");
    } catch (error) {
      this.#loading = false;
      this.gone = error instanceof ApiError && error.status === 404;
      this.failed = !this.gone;
    }
  }

  take(page: Pick<api.Lines, "items" | "persons">): void {
    this.#know(page.persons);
    const known = new Map(this.lines.map((one) => [one.number, one]));
    for (const one of page.items) known.set(one.number, one);
    this.lines = [...known.values()].sort((a, b) => a.number - b.number);
  }

  async earlier(): Promise<void> {
    this.take(await api.linesBefore(this.#id, this.lines[0]?.number ?? this.first));
  }

  /** Reads what came after the last line that is shown. */
  async more(): Promise<void> {
    await this.#screen.settle(async () => {
      const last = this.last;
      await this.#later(last);
      this.#came(this.lines.filter((one) => one.number > last));
    });
    this.readsSoon();
  }

  async membersMore(): Promise<void> {
    const page = await api.membersRead(this.#id, this.members.length);
    this.total = page.total;
    this.#membersTake(page.items, this.members);
  }

  /** Reads the members that are not there yet; what is asked for meanwhile waits for the same. */
  async membersAll(): Promise<void> {
    this.#completing ??= this.#membersRest().finally(() => (this.#completing = undefined));
    await this.#completing;
  }

  async #membersRest(): Promise<void> {
    for (let pages = 0; pages < PAGES_MAX && this.members.length < this.total; pages += 1) {
      const before = this.members.length;
      await this.membersMore();
      // An account that ended is counted, and not listed.
      if (this.members.length === before) return;
    }
  }

  /** Reports what was read, while somebody looks. */
  async reads(): Promise<void> {
    const number = this.#screen.lastSeen();
    if (document.visibilityState !== "visible" || number <= this.#reported) return;
    this.#reported = number;
    await api.readUpTo(this.#id, number);
    this.#screen.read(number);
  }

  readsSoon(): void {
    const spread = Math.min(READ_SPREAD_MS, this.total * 9) * Math.random();
    this.#reading ??= setTimeout(() => {
      this.#reading = undefined;
      void background("reporting what was read", this.reads());
    }, READ_EVERY_MS + spread);
  }

  /** Reads on after a line, up to the last one, or as much as is read at once. */
  async #later(after: number): Promise<void> {
    let at = after;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const page = await api.linesAfter(this.#id, at);
      this.take(page);
      this.#lastIs(page.last);
      at = page.items.at(-1)?.number ?? page.last;
      this.paused = false;
      // A line may have come by itself meanwhile.
      if (page.items.length === 0 || at >= (this.room?.last ?? page.last)) return;
    }
    this.paused = true;
  }

  #lastIs(last: number): void {
    if (this.room !== null && last > this.room.last) this.room = { ...this.room, last };
  }

  #know(persons: api.Person[]): void {
    const next = { ...this.persons };
    for (const one of persons) next[one.id] = one;
    this.persons = next;
  }

  /** What follows from lines that came in. */
  #came(lines: api.Line[]): void {
    const latest = lines.at(-1);
    if (latest !== undefined && !latest.own && latest.text !== null) this.#screen.heard(latest);
    // Who said something types no more.
    const said = new Set(lines.map((one) => one.who));
    const still = Object.entries(this.typing).filter(([who]) => !said.has(who));
    this.typing = Object.fromEntries(still);
    if (lines.some((one) => ["joined", "left", "removed"].includes(one.kind))) this.#membersSoon();
  }

  async #membersAgain(): Promise<void> {
    const page = await api.membersRead(this.#id, 0);
    this.total = page.total;
    this.#membersTake(page.items, []);
  }

  #membersSoon(): void {
    this.#counting ??= setTimeout(() => {
      this.#counting = undefined;
      void background("reading the members", this.#membersAgain());
    }, MEMBERS_EVERY_MS * Math.random());
  }

  #membersTake(items: api.Member[], before: api.Member[]): void {
    this.members = [...before, ...items];
    this.#know(items.map((one) => one.person));
  }

  async #hint(news: RoomNews): Promise<void> {
    if (news.room !== this.#id && news.room !== "") return;
    try {
      if (news.line !== undefined) await this.#said(news.line, news.person);
      else await this.#hinted(news.what);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.gone = true;
      else throw error;
    }
  }

  /** A line came by itself. */
  async #said(line: api.Line, person: api.Person): Promise<void> {
    if (this.room === null || line.number <= this.last) return;
    if (this.#loading) return this.#lastIs(line.number);
    const isNext = line.number === this.last + 1;
    this.#lastIs(line.number);
    if (isNext) {
      await this.#screen.settle(() => {
        this.take({ items: [line], persons: [person] });
        this.#came([line]);
      });
      this.readsSoon();
    } else if (!this.paused) await this.more();
  }

  async #hinted(what: string): Promise<void> {
    if (what.startsWith("typing-")) return this.#typingSeen(what.slice("typing-".length));
    if (what.startsWith("away-")) return this.#wentSeen(what.slice("away-".length));
    const changed = /^line-(\d+)$/.exec(what);
    if (changed !== null) return this.#changed(Number(changed[1]));
    if (/^\d+$/.test(what)) {
      if (this.#loading) this.#lastIs(Number(what));
      else if (Number(what) > this.last) await this.more();
      return;
    }
    if (what === "members") {
      this.#membersSoon();
      // That somebody left or was removed is a line.
      if (!this.#loading && !this.paused) await this.more();
      return;
    }
    this.room = await api.roomRead(this.#id);
    if (what === "asked" || what === "answered") this.asks += 1;
    if (what !== "") return;
    this.#missed = this.#loading;
    if (this.#loading) return;
    // Something was missed: of that, some may be about lines that are shown.
    await this.#membersAgain();
    await this.#later((this.lines[0]?.number ?? 1) - 1);
    await this.more();
  }

  async #changed(number: number): Promise<void> {
    // What is being read may say what the line said before.
    if (this.#loading) {
      this.#missed = true;
      return;
    }
    // A line that was changed before it came by itself comes no more.
    if (number > this.last && !this.paused) return this.more();
    if (!this.lines.some((one) => one.number === number)) return;
    const one = await api.lineRead(this.#id, number);
    this.lines = this.lines.map((other) => (other.number === one.number ? one : other));
  }

  #typingSeen(who: string): void {
    this.typing = { ...this.typing, [who]: Date.now() };
    setTimeout(() => (this.typing = lately(this.typing)), KEPT_STATE_MS + 100);
  }

  #wentSeen(who: string): void {
    this.went = { ...this.went, [who]: Date.now() };
    setTimeout(() => (this.went = lately(this.went)), KEPT_STATE_MS + 100);
  }
}

function lately(states: Record<string, number>): Record<string, number> {
  const still = Object.entries(states).filter(([, at]) => Date.now() - at < KEPT_STATE_MS);
  return Object.fromEntries(still);
}
