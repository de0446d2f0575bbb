// The language of the interface. English is the source; each catalogue is a separate chunk, loaded
// when it is needed.
import { within } from "../lib/within.ts";
import type { Base, Catalogue } from "./en.ts";

export const LANGUAGES = {
  en: "English",
  he: "עברית",
  ar: "العربية",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
} as const;
const RIGHT_TO_LEFT = new Set<string>(["he", "ar"]);
export type Language = keyof typeof LANGUAGES;

/** Puts the two chunks of a catalogue together, which are loaded side by side. */
async function halves(
  base: Promise<{ default: Base }>,
  manage: Promise<{ default: Catalogue["manage"] }>,
): Promise<{ default: Catalogue }> {
  const [{ default: words }, { default: more }] = await Promise.all([base, manage]);
  return { default: { ...words, manage: more } };
}

const load: Record<Language, () => Promise<{ default: Catalogue }>> = {
  en: () => halves(import("./base/en.ts"), import("./manage/en.ts")),
  he: () => halves(import("./base/he.ts"), import("./manage/he.ts")),
  ar: () => halves(import("./base/ar.ts"), import("./manage/ar.ts")),
  de: () => halves(import("./base/de.ts"), import("./manage/de.ts")),
  es: () => halves(import("./base/es.ts"), import("./manage/es.ts")),
  fr: () => halves(import("./base/fr.ts"), import("./manage/fr.ts")),
};

const current = $state<{ language: Language }>({ language: "en" });
let catalogue = $state.raw<Catalogue | null>(null);

/** A catalogue that has not come by then does not come; the largest part has 25 kB. */
const LOAD_MAX_MS = 20_000;

/** Shows everything in a language; throws if its catalogue cannot be loaded. */
export async function languageUse(language: Language): Promise<void> {
  catalogue = (await within(LOAD_MAX_MS, load[language]())).default;
  current.language = language;
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
}

/** Returns the catalogue. `main.ts` loads a language before anything is drawn. */
export function t(): Catalogue {
  if (catalogue === null) throw new Error("no language loaded yet");
  return catalogue;
}

export function language(): Language {
  return current.language;
}

export function direction(of: Language): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(of) ? "rtl" : "ltr";
}

/** Whether a value names one of the languages. */
export function isLanguage(word: unknown): word is Language {
  return typeof word === "string" && Object.hasOwn(LANGUAGES, word);
}

/** Returns the first of the wanted languages that is available. */
export function languageOffered(wanted: readonly string[]): Language | null {
  for (const tag of wanted) {
    const base = tag.split("-")[0] ?? "";
    // Some browsers still use the old code of Hebrew (BCP 47: iw → he).
    const known = base === "iw" ? "he" : base;
    if (isLanguage(known)) return known;
  }
  return null;
}

export function languageGuess(wanted: readonly string[]): Language {
  return languageOffered(wanted) ?? "en";
}
