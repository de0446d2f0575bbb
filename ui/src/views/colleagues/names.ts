// How a colleague is called.
import type { ColleagueName } from "../../api/vouching.ts";

/** The name, or the address of one without a name. */
export const nameOf = (one: ColleagueName): string => one.name ?? one.address;
