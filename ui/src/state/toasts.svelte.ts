// Short notices at the bottom of the page. A notice with `onend` delays an action: it happens when
// the notice ends by itself, and not at all after Undo.

export interface Toast {
  id: number;
  kind: "info" | "error";
  text: string;
  detail: string | null;
  errorId: string | null;
  undo: (() => void) | null;
  retry: (() => void) | null;
  onend: (() => void) | null;
}

export const UNDO_MS = 10_000;
const INFO_MS = 5_000;
/** A notice that was read in this time may go with the page that it was about. */
const READ_MS = 1_000;
const UNDOABLE_MAX = 2;
const ERRORS_MAX = 4;

interface Timer {
  handle: ReturnType<typeof setTimeout> | null;
  leftMs: number;
  startedAt: number;
}

class Toasts {
  items = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, Timer>();

  show(
    text: string,
    given: Partial<Omit<Toast, "id" | "text">> & { lastsMs?: number } = {},
  ): number {
    const { lastsMs, ...options } = given;
    const toast: Toast = {
      ...{ kind: "info", detail: null, errorId: null, undo: null, retry: null, onend: null },
      ...options,
      ...{ id: this.#next++, text },
    };
    for (const old of this.#outdated()) this.end(old.id);
    this.items = [...this.items, toast];
    // An error stays until the user has dismissed it (WCAG 2.2.1); only its undo may expire.
    if (toast.kind === "info" || lastsMs !== undefined)
      this.#arm(toast.id, lastsMs ?? (toast.undo === null ? INFO_MS : UNDO_MS));
    return toast.id;
  }

  /**
   * Returns what a new notice replaces: those that only say something, and of the others the
   * oldest. A notice that delays an action has its time.
   */
  #outdated(): Toast[] {
    const idle = this.items.filter(({ onend }) => onend === null);
    const errors = idle.filter(({ kind }) => kind === "error");
    const infos = idle.filter(({ kind }) => kind === "info");
    const undoable = infos.filter(({ undo }) => undo !== null);
    return [
      ...infos.filter(({ undo }) => undo === null),
      ...undoable.slice(0, 1 - UNDOABLE_MAX),
      ...errors.slice(0, 1 - ERRORS_MAX),
    ];
  }

  /** Another page is shown: what only said something about the one before has been read. */
  moved(): void {
    const read = (id: number) => Date.now() - (this.#timers.get(id)?.startedAt ?? 0) > READ_MS;
    for (const { id, kind, undo, onend } of this.items)
      if (kind === "info" && undo === null && onend === null && read(id)) this.end(id);
  }

  /** Replaces a notice by one with another text. */
  replace(id: number, text: string, lastsMs: number): number {
    this.#take(id);
    return this.show(text, { lastsMs });
  }

  /** Ends a notice normally: the action that it delayed now happens. */
  end(id: number): void {
    this.#take(id)?.onend?.();
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
