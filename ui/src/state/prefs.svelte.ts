// The user's preferences for the pages. The server stores all of them (state/appearance); this
// browser stores only what the page needs before sign-in, and never content: nothing of a message,
// and no text that a person wrote, may ever be written to localStorage.
import type { SavedSearch } from "../api/appearance.ts";
import { isLanguage, languageGuess, type Language } from "../i18n/index.svelte.ts";
import { zoneUse } from "../lib/format.ts";

/** What is shown after the message in the reader has left its list. */
export const ADVANCES = ["next", "previous", "list"] as const;
export type Advance = (typeof ADVANCES)[number];

interface Prefs {
  theme: "system" | "light" | "dark";
  density: "comfortable" | "compact";
  keys: boolean;
  language: Language;
  listWidth: number;
  /** Desktop notifications, in this browser. */
  notices: boolean;
  zone: string | null;
  /** Whether the messages of one conversation are shown as one row. */
  grouped: boolean;
  advance: Advance;
  toured: boolean;
  signature: string;
  searches: SavedSearch[];
}

const PLACE = "postern.prefs";
export const LIST_WIDTH = { min: 280, max: 720, step: 16 };

export const prefs = $state<Prefs>({
  theme: "system",
  density: "comfortable",
  keys: true,
  language: languageGuess(navigator.languages ?? []),
  listWidth: 400,
  notices: false,
  zone: null,
  grouped: true,
  advance: "next",
  toured: true,
  signature: "",
  searches: [],
});

let languageKept = false;

/** Whether the user ever chose the language. */
export function languageChosen(): boolean {
  return languageKept;
}

export function languageChoose(language: Language): void {
  prefs.language = language;
  languageKept = true;
  prefsKeepHere();
}

export function prefsRead(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Record<string, unknown>;
    if (kept["theme"] === "light" || kept["theme"] === "dark") prefs.theme = kept["theme"];
    if (kept["density"] === "compact") prefs.density = "compact";
    if (isLanguage(kept["language"])) {
      prefs.language = kept["language"];
      languageKept = true;
    }
    if (typeof kept["listWidth"] === "number") prefs.listWidth = widthWithin(kept["listWidth"]);
    prefs.notices = kept["notices"] === true;
  } catch {
    // Storage is blocked, or its content is not ours: the defaults are fine.
  }
}

export function prefsKeepHere(): void {
  const { theme, density, listWidth, notices } = prefs;
  // A language that was only guessed is not stored, but guessed again.
  const language = languageKept ? prefs.language : undefined;
  try {
    localStorage.setItem(PLACE, JSON.stringify({ theme, density, listWidth, notices, language }));
  } catch {
    // Then the choice lasts only as long as the page.
  }
}

export function prefsShow(): void {
  document.documentElement.dataset["theme"] = prefs.theme;
  document.documentElement.dataset["density"] = prefs.density;
  zoneUse(prefs.zone);
}

/** Forgets what is personal, because another user may sign in next. */
export function prefsForget(): void {
  const defaults = { zone: null, grouped: true, advance: "next", toured: true };
  Object.assign(prefs, { ...defaults, signature: "", searches: [] });
}

export function widthWithin(px: number): number {
  return Math.min(LIST_WIDTH.max, Math.max(LIST_WIDTH.min, Math.round(px)));
}
