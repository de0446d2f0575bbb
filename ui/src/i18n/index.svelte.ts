// The language of the interface. English is the source; each catalogue has chunks of its own,
// loaded when it is needed.
import { within } from "../lib/within.ts";
import type { Base, Boards, Catalogue, Chat, People, Schedule } from "./en.ts";

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

type Part<Words> = Promise<{ default: Words }>;

/** Puts the chunks of a catalogue together, which are loaded side by side. */
async function whole(
  base: Part<Base>,
  people: Part<People>,
  boards: Part<Boards>,
  chat: Part<Chat>,
  schedule: Part<Schedule>,
  manage: Part<Catalogue["manage"]>,
): Promise<Catalogue> {
  const [words, shared, posted, talk, planned, more] = await Promise.all([
    base,
    people,
    boards,
    chat,
    schedule,
    manage,
  ]);
  return {
    ...words.default,
    ...shared.default,
    ...posted.default,
    ...talk.default,
    ...planned.default,
    manage: more.default,
  };
}

const load: Record<Language, () => Promise<Catalogue>> = {
  en: () =>
    whole(
      import("./base/en.ts"),
      import("./people/en.ts"),
      import("./boards/en.ts"),
      import("./chat/en.ts"),
      import("./schedule/en.ts"),
      import("./manage/en.ts"),
    ),
  he: () =>
    whole(
      import("./base/he.ts"),
      import("./people/he.ts"),
      import("./boards/he.ts"),
      import("./chat/he.ts"),
      import("./schedule/he.ts"),
      import("./manage/he.ts"),
    ),
  ar: () =>
    whole(
      import("./base/ar.ts"),
      import("./people/ar.ts"),
      import("./boards/ar.ts"),
      import("./chat/ar.ts"),
      import("./schedule/ar.ts"),
      import("./manage/ar.ts"),
    ),
  de: () =>
    whole(
      import("./base/de.ts"),
      import("./people/de.ts"),
      import("./boards/de.ts"),
      import("./chat/de.ts"),
      import("./schedule/de.ts"),
      import("./manage/de.ts"),
    ),
  es: () =>
    whole(
      import("./base/es.ts"),
      import("./people/es.ts"),
      import("./boards/es.ts"),
      import("./chat/es.ts"),
      import("./schedule/es.ts"),
      import("./manage/es.ts"),
    ),
  fr: () =>
    whole(
      import("./base/fr.ts"),
      import("./people/fr.ts"),
      import("./boards/fr.ts"),
      import("./chat/fr.ts"),
      import("./schedule/fr.ts"),
      import("./manage/fr.ts"),
    ),
};

const current = $state<{ language: Language }>({ language: "en" });
let catalogue = $state.raw<Catalogue | null>(null);

/** A catalogue that has not come by then does not come; the largest part has 25 kB. */
const LOAD_MAX_MS = 20_000;

/** Shows everything in a language; throws if its catalogue cannot be loaded. */
export async function languageUse(language: Language): Promise<void> {
  catalogue = await within(LOAD_MAX_MS, load[language]());
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
