// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

// «many» is the form of a full million and its multiples: 1000000 de mensajes.
export const many = (n: number, one: string, other: string) =>
  plural("es", n, { one: `${n} ${one}`, many: `${n} de ${other}`, other: `${n} ${other}` });
export const messages = (n: number) => many(n, "mensaje", "mensajes");
/** The words around a number, where they change with it. */
export const form = (n: number, one: string, other: string) => plural("es", n, { one, other });
/** A number before what is no noun. */
export const some = (n: number, one: string, other: string) =>
  form(n, `${n} ${one}`, `${n} ${other}`);
