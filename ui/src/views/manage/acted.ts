// Carries out one act of an administrator, confirms it, and reloads the page.
import { t } from "../../i18n/index.svelte.ts";
import { fail } from "../../state/actions.svelte.ts";
import { ApiError } from "../../api/client.ts";
import { toasts } from "../../state/toasts.svelte.ts";
import { asking } from "./asked.svelte.ts";

export async function acted(work: () => Promise<unknown>, again: () => Promise<void>) {
  try {
    await asking.run(work);
    toasts.show(t().manage.done);
    await again();
  } catch (error) {
    if (error instanceof ApiError && error.code === "last-manager")
      return toasts.show(t().manage.users.last, { kind: "error" });
    fail(t().manage.notDone, t().fail.changeKept, error, () => void acted(work, again));
  }
  return undefined;
}
