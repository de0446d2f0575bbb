// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

export const form = (n: number, one: string, other: string) => plural("fr", n, { one, other });
// “many” is the form of a full million and its multiples: 1000000 de messages.
export const many = (n: number, one: string, other: string) =>
  plural("fr", n, { one: `${n} ${one}`, many: `${n} de ${other}`, other: `${n} ${other}` });
export const messages = (n: number) => many(n, "message", "messages");
/** A number before what is no noun. */
export const some = (n: number, one: string, other: string) =>
  form(n, `${n} ${one}`, `${n} ${other}`);
/** Before a name: de Paul, d’Anna. */
export const of = (name: string) =>
  /^[aeiouàâäéèêëîïôöùûüœæ]/iu.test(name) ? `d’${name}` : `de ${name}`;
