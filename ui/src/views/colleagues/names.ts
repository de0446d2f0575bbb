// How a colleague is called.
import type { ColleagueName } from "../../api/vouching.ts";

/** The name, or the address of one without a name. */
export const nameOf = (one: ColleagueName): string => one.name ?? one.address;

/** The name with the address: the address is what people sign, and a name can be anybody's. */
export const signedAs = (one: ColleagueName): string =>
  one.name === null ? one.address : `\u2068${one.name}\u2069 \u2066<${one.address}>\u2069`;
