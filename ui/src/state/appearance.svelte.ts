// The user's appearance settings, stored on the server so that they apply wherever the user signs
// in.
//
// Several tabs and browsers may change them, so a change is read, merged and written, one at a
// time; fields that this page does not know are preserved.
import * as api from "../api/appearance.ts";
import { isLanguage, languageUse, t, type Language } from "../i18n/index.svelte.ts";
import { fail } from "./actions.svelte.ts";
import {
  ADVANCES,
  languageChoose,
  languageChosen,
  prefs,
  prefsKeepHere,
  widthWithin,
} from "./prefs.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

let turn: Promise<void> = Promise.resolve();

/** Adopts the settings on the server, and returns the page that was shown last. */
export async function appearanceRead(): Promise<string | null> {
  const look = await api.appearanceRead();
  if (isLanguage(look.language)) prefs.language = look.language;
  else if (languageChosen()) void appearanceChange({ language: prefs.language });
  if (look.theme === "light" || look.theme === "dark" || look.theme === "system")
    prefs.theme = look.theme;
  if (look.density === "comfortable" || look.density === "compact") prefs.density = look.density;
  prefs.keys = look.keys ?? prefs.keys;
  prefs.listWidth = look.listWidth === null ? prefs.listWidth : widthWithin(look.listWidth);
  prefs.zone = look.zone;
  prefs.grouped = look.grouped ?? true;
  prefs.advance = ADVANCES.find((one) => one === look.advance) ?? "next";
  prefs.toured = look.toured;
  prefs.signature = look.signature;
  prefs.searches = look.searches;
  prefsKeepHere();
  return look.place;
}

/**
 * Shows everything in another language, and remembers that; with `where: "everywhere"`, for every
 * sign-in of the user. If its words cannot be loaded, the language stays, and a notice says so.
 */
export async function languageChange(to: Language, where: "here" | "everywhere"): Promise<void> {
  try {
    await languageUse(to);
  } catch {
    const retry = () => void languageChange(to, where);
    toasts.show(t().fail.unreachable, { kind: "error", retry });
    return;
  }
  languageChoose(to);
  if (where === "everywhere") void appearanceChange({ language: to });
}

/** Changes some settings; the others stay as the server has them. */
export function appearanceChange(change: Partial<api.Appearance>): Promise<void> {
  turn = turn.then(() => write(change));
  return turn;
}

/** Never fails: it shows a failure itself, and the next change is written all the same. */
async function write(change: Partial<api.Appearance>): Promise<void> {
  try {
    await api.appearanceSet({ ...(await api.appearanceRead()), ...change });
  } catch (error) {
    // Failing to save the page shown last deserves no notice.
    if (Object.keys(change).join() === "place") return;
    fail(t().look.notKept, t().look.notKeptKept, error, () => void appearanceChange(change));
  }
}
