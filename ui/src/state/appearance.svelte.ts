// What a person chose, kept on the server: wherever they sign in, it is there.
//
// Several tabs and browsers may change it, so a change is read, merged and written, one at a
// time; nothing that this page does not know of is lost.
import * as api from "../api/appearance.ts";
import { isLanguage } from "../i18n/index.svelte.ts";
import { t } from "../i18n/index.svelte.ts";
import { fail } from "./actions.svelte.ts";
import { languageChosen, prefs, prefsKeepHere, widthWithin } from "./prefs.svelte.ts";

let turn: Promise<void> = Promise.resolve();

/** Takes over what was chosen elsewhere. Gives back the page seen last. */
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
  prefs.toured = look.toured;
  prefs.signature = look.signature;
  prefs.searches = look.searches;
  prefsKeepHere();
  return look.place;
}

/** Writes some of it; the rest stays as the server has it. */
export function appearanceChange(change: Partial<api.Appearance>): Promise<void> {
  turn = turn.then(() => write(change));
  return turn;
}

/** Never fails: it says so itself, and the next in turn is written all the same. */
async function write(change: Partial<api.Appearance>): Promise<void> {
  try {
    await api.appearanceSet({ ...(await api.appearanceRead()), ...change });
  } catch (error) {
    // Where somebody was is not worth a notice.
    if (Object.keys(change).join() === "place") return;
    fail(t().look.notKept, t().look.notKeptKept, error, () => void appearanceChange(change));
  }
}
