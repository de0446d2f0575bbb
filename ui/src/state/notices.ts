// Notices on the desktop: only after this browser was told to, and never with a word of a message
// or a name in them, because they lie on screens that others see.
import { direction, language, t } from "../i18n/index.svelte.ts";
import { background } from "../lib/background.ts";
import { brand } from "./brand.svelte.ts";
import { prefs, prefsKeepHere } from "./prefs.svelte.ts";

/** Whether this browser shows any. */
export const noticesThere = typeof Notification !== "undefined";

// Held by each tab that somebody looks at: while one of them is, no other tab speaks.
const LOOKING = "postern.looking";
// A later one takes the place of the one before, whichever tab it comes from.
const TAG = "postern";

let away: (() => void) | null = null;
let unseen = 0;

function look(): void {
  unseen = 0;
  if (away !== null) return;
  const gone = new Promise<void>((resolve) => (away = resolve));
  // Where no cookies may be kept there are no locks either: then this tab alone knows.
  const held = navigator.locks.request(LOOKING, { mode: "shared" }, () => gone);
  void background("telling other tabs that this one is looked at", held);
}

function leave(): void {
  away?.();
  away = null;
}

/** Notes when somebody looks at this tab; the answer ends that. */
export function noticesStart(): () => void {
  if (document.hasFocus()) look();
  addEventListener("focus", look);
  addEventListener("blur", leave);
  return () => {
    leave();
    unseen = 0;
    removeEventListener("focus", look);
    removeEventListener("blur", leave);
  };
}

/** Says that `count` messages came, when nobody looks at any tab. */
export async function noticeArrived(count: number): Promise<void> {
  if (!noticesThere || !prefs.notices || Notification.permission !== "granted") return;
  if (await isLookedAt()) return;
  unseen += count;
  show(t().notices.arrived(unseen));
}

/** Whether somebody looks at this tab, or at another of this browser. */
async function isLookedAt(): Promise<boolean> {
  if (away !== null) return true;
  try {
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === LOOKING);
  } catch {
    return false;
  }
}

function show(body: string): void {
  const dir = direction(language());
  const notice = new Notification(brand.organisation, { body, tag: TAG, lang: language(), dir });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
}

/**
 * Switches them on or off in this browser. On only if the browser agrees: it asks the person, and
 * the first notice says how they look. Whether it did.
 */
export async function noticesSwitch(on: boolean): Promise<boolean> {
  prefs.notices = on && (await agreed());
  prefsKeepHere();
  return prefs.notices === on;
}

async function agreed(): Promise<boolean> {
  try {
    if ((await Notification.requestPermission()) !== "granted") return false;
    show(t().notices.first);
    return true;
  } catch {
    // Some telephones' browsers show none from a page.
    return false;
  }
}
