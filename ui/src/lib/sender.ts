// What is known about whether a message is from whom it says, in words.
import type { Addr, Item } from "../api/types.ts";
import type { Catalogue } from "../i18n/en.ts";
import { hasArrived } from "./names.ts";
import { mixedWord } from "./scripts.ts";

type From = Item["from"];

/** Whether a list warns of this sender; what is usual, such as a reply address, is in the reader. */
export function isDoubtful(from: From): boolean {
  const isForged = ["failed", "quarantined", "own-domain"].includes(from.check);
  return isForged || from.warnings.some((one) => one.kind !== "reply-domain");
}

/**
 * A stranger's words within a sentence of ours: they may be written in the other direction, and
 * must not turn the sentence round (Unicode UAX #9).
 */
export const isolated = (text: string) => `\u2068${text}\u2069`;

/** A name is whatever its bearer chose: the address stands beside it. */
export function personText({ name, address }: Addr): string {
  const bearer = name?.trim() ?? "";
  if (bearer === "") return isolated(address);
  return address === "" ? isolated(bearer) : `${isolated(bearer)} <${isolated(address)}>`;
}

/**
 * Whether it was checked that a message comes from whom it names. What was written inside needs no
 * check; what was imported had none.
 */
export function isConfirmed(item: Item): boolean {
  const { check } = item.from;
  const isOurs = check === "unchecked" && item.protection.kind === "inside";
  return (isOurs || check === "confirmed" || check === "relay") && !isDoubtful(item.from);
}

function isUnchecked(item: Item): boolean {
  const isFromOutside = hasArrived(item) && ["tls", "clear"].includes(item.protection.kind);
  return item.from.check === "unchecked" && isFromOutside;
}

/** Returns what the check said, if that is no reason for a warning. */
export function senderFact(item: Item, words: Catalogue): string | null {
  const { from } = item;
  if (from.check === "confirmed")
    return words.sender.confirmed(isolated(domainOf(from.address ?? "")));
  if (from.check === "relay") return words.sender.relay;
  if (from.check === "unknown") return words.sender.unknown;
  if (from.check === "temporary") return words.sender.temporary;
  return isUnchecked(item) ? words.sender.unchecked : null;
}

/** Returns each reason to doubt the sender, as a sentence. */
export function senderWarnings(item: Item, words: Catalogue): string[] {
  const { from } = item;
  const said: string[] = [];
  if (from.check === "failed") said.push(words.sender.failed);
  if (from.check === "quarantined") said.push(words.sender.quarantined);
  if (from.check === "own-domain") said.push(words.sender.ownDomain);
  for (const warning of from.warnings) {
    const { kind, author } = warning;
    const [about, address] = [isolated(warning.about), isolated(author)];
    const domain = isolated(domainOf(author));
    if (kind === "borrowed-name") said.push(words.sender.borrowedName(about, address));
    if (kind === "name-address") said.push(words.sender.nameAddress(about, address));
    if (kind === "lookalike") said.push(words.sender.lookalike(domain, about));
    if (kind === "reply-domain") said.push(words.sender.replyElsewhere(about));
  }
  const mixed = mixedWord([from.name, from.address, item.subject].join(" "));
  if (mixed !== null) said.push(words.reader.mixed(mixed));
  return said;
}

function domainOf(address: string): string {
  return address.split("@").at(-1) ?? "";
}
