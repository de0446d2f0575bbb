// The logic of the pages for outside recipients. Pure.
import type { Pickup } from "../api/pickup.ts";

export const PASSPHRASE_MIN = 12;

export type Strength = "empty" | "short" | "easy" | "fair" | "strong";

/**
 * Rates how hard a passphrase is to guess. A hint while typing; the server decides. `known` are the
 * texts that others may have read: sign-in name, one-time password.
 */
export function strength(passphrase: string, known: readonly string[] = []): Strength {
  const symbols = [...passphrase];
  if (symbols.length === 0) return "empty";
  if (symbols.length < PASSPHRASE_MIN) return "short";
  const folded = passphrase.toLowerCase();
  if (known.some((text) => text.length > 3 && folded.includes(text.toLowerCase()))) return "easy";
  const bits = symbolCount(folded) * bitsEach(passphrase);
  if (bits < 40) return "easy";
  return bits < 70 ? "fair" : "strong";
}

/**
 * Counts the letters that matter: a repeat, or the next in a row (abc, 321), adds almost nothing.
 */
function symbolCount(text: string): number {
  const codes = [...text].map((symbol) => symbol.codePointAt(0) ?? 0);
  const fresh = codes.filter((code, at) => Math.abs(code - (codes[at - 1] ?? -9)) > 1);
  return Math.min(fresh.length, 2 * new Set(codes).size);
}

function bitsEach(text: string): number {
  const kinds = [/\p{Ll}|\p{Lo}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u];
  // The letters of words are not random: each carries about three bits, whatever its alphabet.
  return 2.5 + 0.75 * kinds.filter((kind) => kind.test(text)).length;
}

/** Which password the form asks for: it says who knows it. */
export type Asks = "oneTime" | "own" | "inMail" | "fromSender";

export function asks({ state, handOff }: Pick<Pickup, "state" | "handOff">): Asks {
  if (handOff === "in-mail") return "inMail";
  if (state === "claimed") return "own";
  return handOff === "by-sender" ? "fromSender" : "oneTime";
}

/** Whether the password opens one session only, and is of no use to who sees it afterwards. */
export const isOneTime = (ask: Asks): boolean => ask === "oneTime" || ask === "fromSender";

/**
 * Formats a distance: "in 12 days", "20 minutes ago"; rounded towards now, so that no deadline is
 * overstated.
 */
export function distanceText(time: string, now: Date, language: string): string {
  const minutes = (new Date(time).getTime() - now.getTime()) / 60_000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  const [value, unit] =
    Math.abs(minutes) < 90
      ? [minutes, "minute" as const]
      : Math.abs(minutes) < 48 * 60
        ? [minutes / 60, "hour" as const]
        : [minutes / (24 * 60), "day" as const];
  return format.format(Math.trunc(value), unit);
}
