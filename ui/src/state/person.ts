// The page of a person inside, where only an address is known.
import { ApiError } from "../api/client.ts";
import { personAt } from "../api/profiles.ts";
import { t } from "../i18n/index.svelte.ts";
import { fail } from "./actions.svelte.ts";
import { go } from "./route.svelte.ts";

/** Shows what the person with this address says for the reader; no address stands in the page's. */
export async function personShow(address: string): Promise<void> {
  try {
    const { id } = await personAt(address);
    go({ view: "contacts", id: `person-${id ?? ""}` });
  } catch (error) {
    const isMissing = error instanceof ApiError && error.status === 404;
    const why = isMissing ? t().profiles.nothingAt : t().fail.readKept;
    fail(t().profiles.open, why, error, null);
  }
}
