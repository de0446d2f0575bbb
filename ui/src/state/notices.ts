// Desktop notifications. They are shown only if they were switched on in this browser, and never
// contain anything of a message or a name, because others may see the screen.
import { noticesRead, type NoticeTimes } from "../api/settings.ts";
import { direction, language, t } from "../i18n/index.svelte.ts";
import { background } from "../lib/background.ts";
import { isQuiet } from "../lib/quiet.ts";
import { brand } from "./brand.svelte.ts";
import { prefs, prefsKeepHere } from "./prefs.svelte.ts";

/** Whether this browser supports desktop notifications. */
export const noticesThere = typeof Notification !== "undefined";

// A lock held by each tab that has the focus: while one of them has, no other tab notifies.
const LOOKING = "postern.looking";
// A later notification replaces the previous one, whichever tab it is from.
const TAG = "postern";

// How long the quiet hours are remembered: another browser may change them.
const QUIET_KEPT_MS = 600_000;

let away: (() => void) | null = null;
let unseen = 0;
let times: { value: NoticeTimes; read: number } | null = null;

function look(): void {
  unseen = 0;
  if (away !== null) return;
  const gone = new Promise<void>((resolve) => (away = resolve));
  // If cookies are blocked, locks are too: then only this tab knows.
  const held = navigator.locks.request(LOOKING, { mode: "shared" }, () => gone);
  void background("telling other tabs that this one has the focus", held);
}

function leave(): void {
  away?.();
  away = null;
}

/** Tracks whether this tab has the focus, until the returned function is called. */
export function noticesStart(): () => void {
  if (document.hasFocus()) look();
  addEventListener("focus", look);
  addEventListener("blur", leave);
  return () => {
    leave();
    unseen = 0;
    // Somebody else may sign in next.
    times = null;
    removeEventListener("focus", look);
    removeEventListener("blur", leave);
  };
}

/** Notifies of `count` new messages, if no tab has the focus. */
export async function noticeArrived(count: number): Promise<void> {
  if (!(await isWanted())) return;
  unseen += count;
  show(t().notices.arrived(unseen));
}

/** Notifies of something else in the same way. */
export async function noticeOf(body: string): Promise<void> {
  if (await isWanted()) show(body);
}

async function isWanted(): Promise<boolean> {
  const isOn = noticesThere && prefs.notices && Notification.permission === "granted";
  return isOn && !(await isLookedAt()) && !(await isQuietNow());
}

/** Takes the times of notices, which were read or changed. */
export function noticeTimesKeep(value: NoticeTimes): void {
  times = { value, read: Date.now() };
}

/** Whether the user wants no notice at this hour. If that cannot be read, what was known before counts. */
async function isQuietNow(): Promise<boolean> {
  if (times === null || times.read + QUIET_KEPT_MS < Date.now()) {
    await background(
      "reading the quiet hours",
      noticesRead().then((found) => noticeTimesKeep(found.times)),
    );
  }
  return times !== null && isQuiet(times.value.quiet, times.value.zone, new Date());
}

/** Whether this tab, or another one in this browser, has the focus. */
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
 * Switches notifications on or off in this browser, and returns whether that worked. Switching on
 * needs the browser's permission: it asks the user, and a first notification shows how they look.
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
    // Some mobile browsers do not let a page show notifications.
    return false;
  }
}
