// Why the server refused, in the user's language. The server's own sentence, in English, is shown
// if there is no translation, and where it names what was wrong.
import type { ApiError } from "../api/client.ts";
import { t } from "../i18n/index.svelte.ts";

export function reason(error: ApiError): string {
  const words = t().problems;
  if (!Object.hasOwn(words, error.code)) return error.message;
  const said = words[error.code as keyof typeof words];
  return typeof said === "string" ? said : said(error.message);
}
