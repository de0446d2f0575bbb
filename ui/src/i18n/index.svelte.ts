// The language of the interface. English is the source; each catalogue is a separate chunk, loaded
// when it is needed.
import { within } from "../lib/within.ts";
import type { Catalogue } from "./en.ts";

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

const load: Record<Language, () => Promise<{ default: Catalogue }>> = {
  en: () => import("./en.ts"),
  he: () => import("./he.ts"),
  ar: () => import("./ar.ts"),
  de: () => import("./de.ts"),
  es: () => import("./es.ts"),
  fr: () => import("./fr.ts"),
};

const current = $state<{ language: Language }>({ language: "en" });
let catalogue = $state.raw<Catalogue | null>(null);

/** A catalogue that has not come by then does not come; the largest has 20 kB. */
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
