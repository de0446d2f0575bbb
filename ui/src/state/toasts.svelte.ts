// Short notices at the bottom of the page. One is shown at a time, the newest; what it hides comes
// back after it, if its time is not over. A notice with `onend` delays an action: it happens when
// the notice ends by itself, and not at all after Undo.

export interface Toast {
  id: number;
  kind: "info" | "error";
  text: string;
  detail: string | null;
  errorId: string | null;
  undo: (() => void) | null;
  retry: (() => void) | null;
  onend: (() => void | Promise<void>) | null;
  /** How long the notice, or its undo, lasts if others decide that: the server, or other work. */
  lastsMs: number | null;
}

export const UNDO_MS = 10_000;
const INFO_MS = 5_000;
/** A notice that was read in this time may go with the page that it was about. */
const READ_MS = 1_000;
/** How many notices of a kind there are at a time. */
const MAX = { info: 1, undoable: 2, error: 4 };

interface Timer {
  handle: ReturnType<typeof setTimeout> | null;
  leftMs: number;
  startedAt: number;
}

/**
 * Returns the kind of a notice, within which a new one pushes out an old one. What delays an action,
 * can be undone only until the server's deadline, or shows the progress of work is kept.
 */
function kindOf({ kind, undo, onend, lastsMs }: Toast): keyof typeof MAX | "kept" {
  const isTimed = lastsMs !== null && (kind === "info" || undo !== null);
  if (onend !== null || isTimed) return "kept";
  if (kind === "error") return "error";
  return undo === null ? "info" : "undoable";
}

class Toasts {
  items = $state.raw<Toast[]>([]);
  /** The one on the page. */
  readonly shown: Toast | null = $derived(this.items[this.items.length - 1] ?? null);
  #next = 1;
  #timers = new Map<number, Timer>();

  show(text: string, given: Partial<Omit<Toast, "id" | "text">> = {}): number {
    const toast: Toast = {
      ...{ kind: "info", detail: null, errorId: null, undo: null, retry: null, onend: null },
      ...{ lastsMs: null, ...given, id: this.#next++, text },
    };
    for (const old of this.#outdated(toast)) this.end(old.id);
    // The pointer cannot leave what is hidden, so its time goes on.
    for (const old of this.items) this.resume(old.id);
    this.items = [...this.items, toast];
    // An error stays until the user has dismissed it (WCAG 2.2.1); only its undo may expire.
    if (toast.kind === "info" || toast.lastsMs !== null)
      this.#arm(toast.id, toast.lastsMs ?? (toast.undo === null ? INFO_MS : UNDO_MS));
    return toast.id;
  }

  /** Returns what a new notice pushes out: the oldest of its own kind, beyond the most there are. */
  #outdated(fresh: Toast): Toast[] {
    const kind = kindOf(fresh);
    if (kind === "kept") return [];
    const same = this.items.filter((one) => kindOf(one) === kind);
    return same.slice(0, Math.max(0, same.length + 1 - MAX[kind]));
  }

  /** Another page is shown: what only said something about the one before has been read. */
  moved(): void {
    const read = (id: number) => Date.now() - (this.#timers.get(id)?.startedAt ?? 0) > READ_MS;
    for (const toast of this.items)
      if (kindOf(toast) === "info" && read(toast.id)) this.end(toast.id);
  }

  /** Gives a notice another text and a new time, where it is; nothing if it was dismissed. */
  replace(id: number, text: string, lastsMs: number): void {
    this.items = this.items.map((one) => (one.id === id ? { ...one, text, lastsMs } : one));
    const timer = this.#timers.get(id);
    if (timer === undefined) return;
    timer.leftMs = lastsMs;
    // While the pointer is on it, its time stands still.
    if (timer.handle === null) return;
    clearTimeout(timer.handle);
    this.#arm(id, lastsMs);
  }

  /** Ends a notice normally: the action that it delayed now happens. */
  end(id: number): void {
    void this.#take(id)?.onend?.();
  }

  undo(id: number): void {
    this.#take(id)?.undo?.();
  }

  retry(id: number): void {
    this.#take(id)?.retry?.();
  }

  /** Undoes the latest notice that allows it; returns whether there was one. */
  undoLast(): boolean {
    const last = this.items.findLast((item) => item.undo !== null);
    if (last !== undefined) this.undo(last.id);
    return last !== undefined;
  }

  /** Stops the time of a notice while the pointer is on it or its buttons. */
  pause(id: number): void {
    const timer = this.#timers.get(id);
    if (timer === undefined || timer.handle === null) return;
    clearTimeout(timer.handle);
    timer.handle = null;
    timer.leftMs -= Date.now() - timer.startedAt;
  }

  resume(id: number): void {
    const timer = this.#timers.get(id);
    if (timer !== undefined && timer.handle === null) this.#arm(id, Math.max(1_500, timer.leftMs));
  }

  /** Ends all notices; returns when the actions that they delayed have happened. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.items.map(({ id }) => this.#take(id)?.onend?.()));
  }

  /** Removes all notices at sign-out; delayed actions do not happen. */
  clear(): void {
    for (const { id } of this.items) this.#take(id);
  }

  #arm(id: number, leftMs: number): void {
    const handle = setTimeout(() => this.#expire(id), leftMs);
    this.#timers.set(id, { handle, leftMs, startedAt: Date.now() });
  }

  #expire(id: number): void {
    const toast = this.items.find((item) => item.id === id);
    if (toast?.kind !== "error") return this.end(id);
    this.#timers.delete(id);
    this.items = this.items.map((item) => (item.id === id ? { ...item, undo: null } : item));
  }

  #take(id: number): Toast | undefined {
    const toast = this.items.find((item) => item.id === id);
    const timer = this.#timers.get(id);
    if (timer?.handle) clearTimeout(timer.handle);
    this.#timers.delete(id);
    this.items = this.items.filter((item) => item.id !== id);
    return toast;
  }
}

export const toasts = new Toasts();
