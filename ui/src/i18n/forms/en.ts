// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

export const many = (n: number, one: string, other: string) =>
  plural("en", n, { one: `${n} ${one}`, other: `${n} ${other}` });
export const messages = (n: number) => many(n, "message", "messages");
