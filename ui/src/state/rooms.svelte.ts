// The rooms and conversations of this account, with how much is unread in each.
import { ApiError } from "../api/client.ts";
import * as api from "../api/rooms.ts";
import { background } from "../lib/background.ts";
import type { LiveEvent } from "../api/types.ts";

/** What an event of the stream says about a room: a line, or a word or the last line's number. */
export type RoomNews =
  | { room: string; what: string; line?: undefined }
  | { room: string; what: ""; line: api.Line; person: api.Person };

/** An event of the window; one without a detail says that something was missed. */
export function newsOf(event: Event): RoomNews {
  const detail = event instanceof CustomEvent ? (event.detail as LiveEvent | null) : null;
  if (detail === null) return { room: "", what: "" };
  if (detail.kind === "chat-line") {
    const { room, line, person } = detail;
    return { room, what: "", line, person };
  }
  const [room = "", what = ""] = detail.state.split(" ");
  return { room, what };
}

/** A room where much happens has the list read once in a while. */
const LIST_EVERY_MS = 1_000;
/** As many are counted at most. */
const UNREAD_MAX = 50;

class Rooms {
  all = $state.raw<api.Rooms | null>(null);
  failed = $state(false);
  /** Of the rooms that this account muted: how many unread lines were meant for it in particular. Whom a line mentions
   * is sealed in it, so that the list does not say it. */
  meant: Record<string, number> = $state.raw({});
  /** The line of a room to which somebody goes: it is shown first when the room is opened. */
  wanted: { room: string; number: number } | null = $state.raw(null);
  /** The room that is shown; what comes in there while somebody looks is not unread. */
  shown: string | null = null;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #listeners = 0;
  readonly #hear = (event: Event) => this.#hint(newsOf(event));

  reset(): void {
    [this.all, this.failed, this.wanted, this.meant] = [null, false, null, {}];
  }

  async read(): Promise<void> {
    this.failed = false;
    try {
      this.all = await api.rooms();
    } catch (error) {
      this.failed = this.all === null;
      if (!(error instanceof ApiError) && this.all !== null) throw error;
    }
  }

  again(): void {
    void background("reading the rooms", this.read());
  }

  /** Listens until the returned function is called. */
  start(): () => void {
    if (this.#listeners === 0) window.addEventListener("chat", this.#hear);
    this.#listeners += 1;
    return () => {
      this.#listeners -= 1;
      if (this.#listeners > 0) return;
      clearTimeout(this.#waiting);
      this.#waiting = undefined;
      window.removeEventListener("chat", this.#hear);
    };
  }

  /** Whether somebody looks at a room. */
  isSeen(room: string): boolean {
    return room === this.shown && document.visibilityState === "visible";
  }

  /** How much of a room counts as new: of one that is muted, what was meant for this account. */
  fresh({ id, unread, mutes }: api.Room): number {
    return mutes ? Math.min(unread, this.meant[id] ?? 0) : unread;
  }

  /** A line was said to this account in particular. */
  mentioned(room: string): void {
    if (!this.isSeen(room)) this.meant = { ...this.meant, [room]: (this.meant[room] ?? 0) + 1 };
  }

  #hint(news: RoomNews): void {
    if (news.line !== undefined) {
      const { room, line } = news;
      const isSeen = line.own || this.isSeen(room);
      // What the list counted already is not counted twice.
      const said = (one: api.Room) =>
        line.number <= one.last
          ? one
          : {
              ...one,
              last: line.number,
              unread: isSeen ? one.unread : Math.min(UNREAD_MAX, one.unread + 1),
            };
      if (this.#change(room, said)) return;
    }
    if (/^(typing|away|line)-|^members$/.test(news.what)) return;
    this.#waiting ??= setTimeout(() => {
      this.#waiting = undefined;
      this.again();
    }, LIST_EVERY_MS);
  }

  /** Up to this line a room was read. */
  seen(room: string, number: number): void {
    const read = (one: api.Room) =>
      number >= one.last ? { ...one, read: number, unread: 0 } : { ...one, read: number };
    this.#change(room, read);
    const one = this.all?.items.find(({ id }) => id === room);
    if (number >= (one?.last ?? 0)) this.meant = { ...this.meant, [room]: 0 };
    // How many of the others are unread, the list says.
    if (one !== undefined && one.unread > 0) this.#hint({ room, what: "read" });
  }

  #change(room: string, how: (one: api.Room) => api.Room): boolean {
    const { all } = this;
    if (all === null || !all.items.some((one) => one.id === room)) return false;
    this.all = { ...all, items: all.items.map((one) => (one.id === room ? how(one) : one)) };
    return true;
  }
}

export const rooms = new Rooms();
