// How this person likes the page. Choices only, never content: nothing of a message
// may ever be written to localStorage.
import { languageGuess, type Language } from "../i18n/index.svelte.ts";

interface Prefs {
  theme: "system" | "light" | "dark";
  density: "comfortable" | "compact";
  keys: boolean;
  language: Language;
  listWidth: number;
}

const PLACE = "postern.prefs";
export const LIST_WIDTH = { min: 280, max: 720, step: 16 };

export const prefs = $state<Prefs>({
  theme: "system",
  density: "comfortable",
  keys: true,
  language: languageGuess(navigator.languages ?? []),
  listWidth: 400,
});

let languageKept = false;

/** Whether this person, at some time, chose the language themselves. */
export function languageChosen(): boolean {
  return languageKept;
}

export function languageChoose(language: Language): void {
  prefs.language = language;
  languageKept = true;
  prefsKeep();
}

export function prefsRead(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Record<string, unknown>;
    if (kept["theme"] === "light" || kept["theme"] === "dark") prefs.theme = kept["theme"];
    if (kept["density"] === "compact") prefs.density = "compact";
    if (kept["keys"] === false) prefs.keys = false;
    if (kept["language"] === "en" || kept["language"] === "he") {
      prefs.language = kept["language"];
      languageKept = true;
    }
    if (typeof kept["listWidth"] === "number") prefs.listWidth = widthWithin(kept["listWidth"]);
  } catch {
    // Storing is refused, or somebody else wrote there: the defaults are fine.
  }
}

export function prefsKeep(): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(prefs));
  } catch {
    // The choice then lasts as long as the page.
  }
}

export function prefsShow(): void {
  document.documentElement.dataset["theme"] = prefs.theme;
  document.documentElement.dataset["density"] = prefs.density;
}

export function widthWithin(px: number): number {
  return Math.min(LIST_WIDTH.max, Math.max(LIST_WIDTH.min, Math.round(px)));
}
