// The text of a notice of the system, which the server writes in the reader's language.
import { timeFull } from "./format.ts";

/** The times in it: "2026-11-28 16:33 UTC", or as earlier versions wrote them. */
const TIMES = /(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?: UTC|Z)/g;

/** Writes the times of a notice as all others are written: in the reader's way and zone. */
export function withTimes(text: string, language: string): string {
  return text.replace(TIMES, (whole: string, day: string, time: string) => {
    const at = `${day}T${time}:00Z`;
    return Number.isNaN(Date.parse(at)) ? whole : timeFull(at, language);
  });
}
