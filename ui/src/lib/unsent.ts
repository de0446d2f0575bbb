import type { Submission } from "../api/sending.ts";
import type { Catalogue } from "../i18n/en.ts";
import { listText, referenceText } from "./format.ts";

/** Says to whom a message will not go although it was submitted; empty if it goes to everyone. */
export function unsentText(sent: Submission, words: Catalogue, language: string): string {
  const without = sent.recipients.filter(({ state }) => state === "refused" || state === "failed");
  if (without.length === 0) return "";
  const isAll = without.length === sent.recipients.length;
  const who = listText(
    without.map(({ address }) => address),
    language,
  );
  const said = isAll ? words.compose.notSent : words.compose.sentBut;
  return said(referenceText(sent.reference), who);
}
