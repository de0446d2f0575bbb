// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

export const form = (n: number, one: string, other: string) => plural("de", n, { one, other });
export const many = (n: number, one: string, other: string) =>
  form(n, `${n} ${one}`, `${n} ${other}`);
export const messages = (n: number) => many(n, "Nachricht", "Nachrichten");
