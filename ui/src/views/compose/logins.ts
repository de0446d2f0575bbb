// Login names in the recipients' fields. A separate chunk: it is needed once an answer is there.
import type { Check } from "../../api/sending.ts";
import type { Composer, Field } from "./composer.svelte.ts";

const FIELDS: readonly Field[] = ["to", "cc", "bcc"];

/**
 * Where nobody has the address that a login name was completed to, the address of the person with
 * that login name takes its place.
 */
export function resolved(
  composer: Composer,
  items: Check[],
  logins: ReadonlyMap<string, string>,
): void {
  for (const own of items) {
    const login = logins.get(own.address);
    const found = items.find((one) => one.address === login)?.resolved;
    // An address that somebody has stays, even if they take no mail: a login name is not an address.
    if (own.reason !== "unknown-recipient" || !found) continue;
    const isThere = composer.all().some((one) => one.address === found);
    for (const field of FIELDS)
      composer[field] = composer[field].flatMap((one) =>
        one.address !== own.address ? one : isThere ? [] : { ...one, address: found },
      );
    composer.changed();
  }
}
