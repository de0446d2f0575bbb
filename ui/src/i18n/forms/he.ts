// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

export const many = (n: number, one: string, two: string, other: string) =>
  plural("he", n, { one, two, other: `${n} ${other}` });
export const messages = (n: number) => many(n, "הודעה אחת", "שתי הודעות", "הודעות");
