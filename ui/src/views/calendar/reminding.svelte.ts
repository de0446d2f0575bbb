// Reminders of entries, while somebody is signed in: a notice in the page, and one of the desktop, which names
// nothing.
import { occurrences, type Occurrence } from "../../api/schedule.ts";
import { language, t } from "../../i18n/index.svelte.ts";
import { background } from "../../lib/background.ts";
import { isolated } from "../../lib/sender.ts";
import { noticeOf } from "../../state/notices.ts";
import { schedule } from "../../state/schedule.svelte.ts";
import { toasts } from "../../state/toasts.svelte.ts";
import { entryTitle, shownOf, whenText, type Shown } from "./names.ts";

const MINUTE_MS = 60_000;
/** The longest reminder is 30 days ahead. */
const AHEAD_MS = 31 * 24 * 60 * MINUTE_MS;
/** What was due before the page was there, or while the computer slept, is still said for so long. */
const LATE_MS = 10 * MINUTE_MS;
/** How often the calendar is read again, although nothing changed: later entries come into sight. */
const AGAIN_MS = 30 * MINUTE_MS;
/** Changes often come together. */
const PAUSE_MS = 2_000;
const SHOWN_MS = 10 * MINUTE_MS;

/** When somebody is to be reminded of an entry, in milliseconds; null if never. */
export function remindsAt({ entry, state }: Shown): number | null {
  const isOff = state === "cancelled" || state === "declined";
  if (entry.reminderMinutes === null || isOff) return null;
  return Date.parse(entry.startsAt) - entry.reminderMinutes * MINUTE_MS;
}

class Reminding {
  #entries: Shown[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #reading: ReturnType<typeof setTimeout> | null = null;
  /** Until when all reminders were shown. */
  #until = Date.now() - LATE_MS;

  readSoon(ms: number): void {
    if (this.#reading !== null) clearTimeout(this.#reading);
    this.#reading = setTimeout(
      () => void background("reading what to remind of", this.#read()),
      ms,
    );
  }

  stop(): void {
    for (const one of [this.#timer, this.#reading]) if (one !== null) clearTimeout(one);
  }

  async #read(): Promise<void> {
    // What cannot be read now is read at the next change, or after a while.
    this.readSoon(AGAIN_MS);
    const now = Date.now();
    const { items } = await occurrences(new Date(now - LATE_MS), new Date(now + AHEAD_MS));
    this.#entries = items.filter((one: Occurrence) => one.reminderMinutes !== null).map(shownOf);
    this.#remind();
  }

  #remind(): void {
    const now = Date.now();
    const since = Math.max(this.#until, now - LATE_MS);
    let next = now + AGAIN_MS;
    for (const one of this.#entries) {
      const at = remindsAt(one);
      if (at === null || at <= since) continue;
      if (at <= now) show(one);
      else next = Math.min(next, at);
    }
    this.#until = now;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#remind(), next - now);
  }
}

function show(one: Shown): void {
  const words = t().calendar;
  const detail = whenText(one, words, language());
  toasts.show(words.reminds(isolated(entryTitle(one.entry, words))), { detail, lastsMs: SHOWN_MS });
  void background("showing a reminder on the desktop", noticeOf(words.remindsNotice));
}

/** Reminds of entries until the returned function is called. */
export function start(): () => void {
  const reminding = new Reminding();
  let isFirst = true;
  const stop = $effect.root(() => {
    $effect(() => {
      void schedule.changes;
      reminding.readSoon(isFirst ? 0 : PAUSE_MS);
      isFirst = false;
    });
  });
  return () => {
    stop();
    reminding.stop();
  };
}
