// What an outside recipient's pages ask of the server: the open ones before
// sign-in, then the few calls of a temporary account.
import { request } from "./client.ts";
import type { DraftItem } from "./sending.ts";
import type { Notice, Addr, Item, RejectReason, Time } from "./types.ts";

export type PickupState = "waiting" | "claimed" | "expired" | "revoked";
export type HandOff = "claim" | "in-mail" | "by-sender";

export interface Pickup {
  organisation: string;
  state: PickupState;
  from: { name: string | null; address: string };
  reference: string;
  sentAt: Time;
  until: Time;
  waiting: number;
  loginName: string | null;
  handOff: HandOff;
  /** The organisation's, for whoever does not trust the link. */
  phone: string | null;
  /** `null`: nobody knows it. */
  language: string | null;
}

export interface Verified {
  sent: boolean;
  at: Time | null;
}

export type NoticeKind = Notice["kind"];

export interface PortalItem extends Item {
  notice?: { kind: NoticeKind; about: string; recipient: string } | null;
  sent?: boolean;
}

export interface Upload {
  id: string;
  name: string;
  type: string;
  size: number;
  received: number;
  chunkOctets: number;
}

export interface ReplyContent {
  to: Addr[];
  cc: Addr[];
  bcc: Addr[];
  subject: string;
  text: string;
  html: string | null;
  attachments: string[];
  answers: { reference: string; kind: "reply" | "reply-all" | "forward" } | null;
  choices: Record<string, string>;
}

export interface ReplyDraft extends ReplyContent {
  id: string;
  version: number;
  savedAt: Time;
  uploads: Upload[];
}

export interface Sent {
  reference: string;
  acceptedAt: Time;
  undoUntil: Time | null;
  recipients: { address: string; name: string | null; reason: RejectReason | null }[];
}

const draftAt = (id: string) => `/api/drafts/${encodeURIComponent(id)}`;
const uploadAt = (id: string) => `/api/uploads/${encodeURIComponent(id)}`;

export const pickupRead = (token: string) =>
  request<Pickup>("GET", `/api/pickup/${encodeURIComponent(token)}`, { open: true });
export const pickupAsk = (token: string) =>
  request<unknown>("POST", `/api/pickup/${encodeURIComponent(token)}/ask`, {
    body: {},
    open: true,
  });
export const verify = (reference: string) =>
  request<Verified>("GET", `/api/verify/${encodeURIComponent(reference)}`, { open: true });

export const draftList = () => request<{ items: DraftItem[] }>("GET", "/api/drafts");
export const draftRead = (id: string) => request<ReplyDraft>("GET", draftAt(id));
export const draftFrom = (reference: string) =>
  request<ReplyDraft>("POST", `/api/drafts/from/${encodeURIComponent(reference)}`, {
    query: { kind: "reply" },
  });
export const draftSave = (draft: ReplyDraft, content: ReplyContent) =>
  request<ReplyDraft>("PUT", draftAt(draft.id), { body: { ...content, version: draft.version } });

export const uploadNew = (file: { name: string; type: string; size: number }) =>
  request<Upload>("POST", "/api/uploads", { body: file });
export const uploadRead = (id: string) => request<Upload>("GET", uploadAt(id));
export const uploadPut = (id: string, offset: number, octets: Blob, signal: AbortSignal) =>
  request<Upload>("PUT", `${uploadAt(id)}/content`, { query: { offset }, octets, signal });
export const uploadDelete = (id: string) => request<undefined>("DELETE", uploadAt(id));

export const submit = (draft: ReplyDraft, key: string) =>
  request<Sent>("POST", "/api/submissions", {
    body: { draft: draft.id, version: draft.version, consent: null, typed: null },
    headers: { "Idempotency-Key": key },
  });
export const submitUndo = (reference: string) =>
  request<ReplyDraft>("POST", `/api/submissions/${encodeURIComponent(reference)}/undo`);

export const accountDelete = (password: string) =>
  request<undefined>("DELETE", "/api/account", { body: { password } });
