// What is known about whether a message is from whom it says, in words.
import type { Item } from "../api/types.ts";
import type { Catalogue } from "../i18n/en.ts";
import { mixedWord } from "./scripts.ts";

type From = Item["from"];

/** Whether a list warns of this sender; what is usual, such as a reply address, is in the reader. */
export function isDoubtful(from: From): boolean {
  const isForged = ["failed", "quarantined", "own-domain"].includes(from.check);
  return isForged || from.warnings.some((one) => one.kind !== "reply-domain");
}

/** Returns what the check said, if that is no reason for a warning. */
export function senderFact(from: From, words: Catalogue): string | null {
  if (from.check === "confirmed") return words.sender.confirmed(domainOf(from));
  if (from.check === "relay") return words.sender.relay;
  if (from.check === "unknown") return words.sender.unknown;
  return from.check === "temporary" ? words.sender.temporary : null;
}

/** Returns each reason to doubt the sender, as a sentence. */
export function senderWarnings(item: Item, words: Catalogue): string[] {
  const { from } = item;
  const said: string[] = [];
  if (from.check === "failed") said.push(words.sender.failed);
  if (from.check === "quarantined") said.push(words.sender.quarantined);
  if (from.check === "own-domain") said.push(words.sender.ownDomain);
  for (const { kind, about } of from.warnings) {
    if (kind === "name-address") said.push(words.sender.nameAddress(about, from.address ?? ""));
    if (kind === "lookalike") said.push(words.sender.lookalike(domainOf(from), about));
    if (kind === "reply-domain") said.push(words.sender.replyElsewhere(about));
  }
  const mixed = mixedWord([from.name, from.address, item.subject].join(" "));
  if (mixed !== null) said.push(words.reader.mixed(mixed));
  return said;
}

function domainOf(from: From): string {
  return from.address?.split("@").at(-1) ?? "";
}
