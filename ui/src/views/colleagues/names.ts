// How a colleague is called, and the ID of the page's title.
import type { ColleagueName } from "../../api/vouching.ts";
import { t } from "../../i18n/index.svelte.ts";

/** The name, or the address of one without a name; of somebody who is not seen here, neither is known. */
export const nameOf = (one: ColleagueName): string =>
  one.name ?? (one.address === "" ? t().colleagues.somebody : one.address);

/** The name with the address: the address is what people sign, and a name can be anybody's. */
export const signedAs = (one: ColleagueName): string =>
  one.name === null ? nameOf(one) : `\u2068${one.name}\u2069 \u2066<${one.address}>\u2069`;

/** The title is on the page whatever else is: the focus goes there last. */
export const TITLE_ID = "colleagues-title";
