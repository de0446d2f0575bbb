// Writing and sending: the types and calls of the API.
import { octets, request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Choice = Asked<"Choice">;
export type Route = Asked<"Route">;
export type State = Asked<"DeliveryState">;

export type Upload = Answered<"Upload">;
export type RelationKind = Asked<"RelationKind">;

/** A message that is being written. */
export type Content = Answered<"Content">;
export type Draft = Answered<"Draft">;
/** A draft in the list. */
export type DraftItem = Answered<"DraftItem">;

export type Colleague = Answered<"Colleague">;
export type Check = Answered<"Checked">;

export type Temporary = Answered<"Temporary">;
export type Step = Answered<"Step">;
export type Delivery = Answered<"Delivery">;
export type Submission = Answered<"Submission">;

export type Awaited = Answered<"Awaited">;
export type Consent = Answered<"Consent">;

const draftAt = (id: string) => `/api/drafts/${encodeURIComponent(id)}`;
const sentAt = (reference: string) => `/api/submissions/${encodeURIComponent(reference)}`;
const uploadAt = (id: string) => `/api/uploads/${encodeURIComponent(id)}`;
const guestAt = (id: string) => `/api/temporary/${encodeURIComponent(id)}`;

export const correspondents = () =>
  request<Answered<"Correspondents">>("GET", "/api/correspondents");
/** People inside whose name or address has a word that begins with `q`. */
export const directory = (q: string, signal: AbortSignal) =>
  request<Answered<"Colleagues">>("GET", "/api/directory", { query: { q }, signal });
export const draftList = () => request<Answered<"Drafts">>("GET", "/api/drafts");
export const draftCreate = (body: Content) => request<Draft>("POST", "/api/drafts", { body });
export const draftRead = (id: string) => request<Draft>("GET", draftAt(id));
export const draftSave = (id: string, version: number, content: Content) =>
  request<Draft>("PUT", draftAt(id), { body: { ...content, version } });
export const draftDelete = (id: string) => request<undefined>("DELETE", draftAt(id));
/** Begins an answer or a forward, whose quotation is introduced in that language. */
export const draftFrom = (reference: string, kind: RelationKind, language: string) =>
  request<Draft>("POST", `/api/drafts/from/${encodeURIComponent(reference)}`, {
    query: { kind, language },
  });

export const check = (
  recipients: string[],
  related: Content["related"],
  choices: Content["choices"],
) =>
  request<{ items: Check[] }>("POST", "/api/outgoing/check", {
    body: { recipients, related, choices },
  });

export const submit = (
  draft: Draft,
  key: string,
  consent: string | null = null,
  typed: string | null = null,
) =>
  request<Submission>("POST", "/api/submissions", {
    body: { draft: draft.id, version: draft.version, consent, typed },
    headers: { "Idempotency-Key": key },
  });
/** What was begun, and what recipients have not read. */
export const awaited = () => request<Awaited>("GET", "/api/awaited");
export const submission = (reference: string) => request<Submission>("GET", sentAt(reference));
export const undo = (reference: string) => request<Draft>("POST", `${sentAt(reference)}/undo`);

/** An upload is for the mailbox that is shown, or else for the own account. */
export const uploadNew = (file: Asked<"NewUpload">, own = false) =>
  request<Upload>("POST", "/api/uploads", { body: file, own });
export const uploadRead = (id: string, own = false) =>
  request<Upload>("GET", uploadAt(id), { own });
export const uploadPut = (
  id: string,
  offset: number,
  piece: Blob,
  signal: AbortSignal,
  own = false,
) =>
  request<Upload>("PUT", `${uploadAt(id)}/content`, {
    query: { offset },
    octets: piece,
    signal,
    own,
  });
/** An uploaded image, to be shown in the text. */
export const uploadImage = (id: string, signal: AbortSignal) =>
  octets(`${uploadAt(id)}/image`, { signal });
export const uploadDelete = (id: string, own = false) =>
  request<undefined>("DELETE", uploadAt(id), { own });

export const guestRenew = (id: string) => request<Temporary>("POST", `${guestAt(id)}/renew`);
export const guestResend = (id: string) => request<undefined>("POST", `${guestAt(id)}/resend`);
export const guestRevoke = (id: string) => request<undefined>("POST", `${guestAt(id)}/revoke`);

export const guestStartAgain = (id: string) =>
  request<Answered<"StartedAgain">>("POST", `${guestAt(id)}/start-again`);

/** Returns the consent that a refusal asks for, if it does. */
export function consentOf(problem: unknown): Consent | null {
  const found = (problem as { consent?: Consent } | null)?.consent;
  return found ?? null;
}
