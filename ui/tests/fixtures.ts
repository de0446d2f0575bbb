// Answers of the daemon with all their fields; a test names only the fields that matter to it.
import type { Detail, Item, Mailbox, Problem, Quota } from "../src/api/types.ts";

export function fromLike(given: Partial<Item["from"]> = {}): Item["from"] {
  return { name: null, address: null, check: "unchecked", warnings: [], ...given };
}

export function itemLike(given: Partial<Item> & { reference: string }): Item {
  return {
    ...{ mailbox: "in", subject: "", receivedAt: "2026-11-23T10:00:00Z", size: 1, octets: 1 },
    ...{ attachments: 0, opened: true, unread: false, starred: false, sent: false },
    ...{
      recipients: [],
      standing: null,
      acts: [],
      labels: [],
      notice: null,
      asksConfirmation: false,
      conversation: null,
    },
    from: fromLike(),
    protection: { kind: "inside", version: null, peer: null },
    ...given,
  };
}

export function detailLike(given: Partial<Detail> & { reference: string }): Detail {
  return {
    ...itemLike(given),
    ...{ authors: [], to: [], cc: [], replyTo: [], parts: [], text: "", textTruncated: false },
    ...{ hasHtml: false, htmlRefused: null, ambiguous: false, date: null, dateGiven: null },
    ...{ invitation: null, meeting: null, contacts: [], cryptography: null, unsubscribe: [] },
    messageId: null,
    openedAt: null,
    signature: null,
    ...given,
  };
}

export function boxLike(given: Partial<Mailbox> & { id: string }): Mailbox {
  const counts = { total: 0, unread: 0, unopened: 0 };
  return { role: null, name: given.id, keptDays: null, ...counts, ...given };
}

export function quotaLike(given: Partial<Quota> = {}): Quota {
  const limits = { octetsMax: 10_000_000_000, messagesMax: 200_000 };
  return { octets: 0, messages: 0, ...limits, fullness: "room", ...given };
}

export function problemLike(status: number, code: string): Problem {
  return { type: "about:blank", title: code, status, detail: "", code, errorId: "" };
}
