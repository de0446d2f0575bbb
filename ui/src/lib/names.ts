import type { Item, Mailbox, Notice, Protection, Sender } from "../api/types.ts";
import type { Catalogue } from "../i18n/en.ts";
import { href } from "./router.ts";

export function boxName(box: Mailbox, words: Catalogue): string {
  return box.role === null ? box.name : words.boxes[box.role];
}

export function boxHref(box: Mailbox, reference: string | null = null): string {
  return href({ view: "mail", mailbox: box.role ?? box.id, reference });
}

export function searchHref(query: string): string {
  return href({ view: "mail", mailbox: "search", reference: null, query });
}

export function senderName(from: Pick<Sender, "name" | "address">, words: Catalogue): string {
  return from.name?.trim() || from.address || words.list.noSender;
}

/** Whom a notice is about: one recipient, or how many. */
export function noticePeople(notice: Notice, words: Catalogue): string {
  const { others, recipient } = notice;
  return others > 0 ? words.status.severalPeople(others + 1) : recipient;
}

/** Whether a message came here from elsewhere; own messages and notices have not travelled. */
export function hasArrived(item: Item): boolean {
  return !item.sent && !item.notice;
}

/** Says how the message travelled, in one sentence. */
export function travelled(protection: Protection, words: Catalogue): string {
  const { kind, version } = protection;
  const peer = peerOnce(protection.peer);
  if (kind === "inside") return words.protection.inside;
  if (kind === "imported") return words.protection.imported;
  if (kind === "clear") return peer ? words.protection.clearFrom(peer) : words.protection.clear;
  const spoken = (version ?? "TLS").replace(/^TLSv(?=\d)/, "TLS ");
  return peer ? words.protection.tls(spoken, peer) : words.protection.tlsShort(spoken);
}

/** A peer that gives its address in place of a name is called so once. */
function peerOnce(peer: string | null): string | null {
  const [name, address, ...more] = peer?.split(" ") ?? [];
  return name !== undefined && name === address && more.length === 0 ? name : peer;
}

export function protectionWord(protection: Protection, words: Catalogue): string {
  if (protection.kind === "inside") return words.protection.insideWord;
  if (protection.kind === "imported") return words.protection.importedWord;
  return protection.kind === "tls" ? words.protection.tlsWord : words.protection.clearWord;
}

export function protectionIcon(protection: Protection): "lock" | "unlock" | "house" | "file" {
  if (protection.kind === "inside") return "house";
  if (protection.kind === "imported") return "file";
  return protection.kind === "tls" ? "lock" : "unlock";
}
