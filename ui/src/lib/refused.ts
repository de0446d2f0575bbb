// Says in one sentence why a password or a key was refused.
import { ApiError, Unreachable } from "../api/client.ts";
import { language, t } from "../i18n/index.svelte.ts";
import { waitText } from "./format.ts";
import { PASSPHRASE_MIN } from "./pickup.ts";
import { reason } from "./reason.ts";

/** `wrong` is the text for a wrong password or key. */
export function refusedText(error: unknown, wrong: string): string {
  if (error instanceof Unreachable) return t().signIn.unreachable;
  if (!(error instanceof ApiError)) return t().security.failed(String(error));
  if (error.code === "bad-credentials") return wrong;
  if (error.code === "weak-password") return t().pickup.weak(PASSPHRASE_MIN);
  if (error.status === 429 && error.retryAfterSecs !== null)
    return t().signIn.slow(waitText(error.retryAfterSecs, language()));
  return t().security.failed(reason(error));
}
