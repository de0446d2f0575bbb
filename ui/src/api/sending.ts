// Writing and sending: the contract's shapes and calls.
import { request } from "./client.ts";
import type { Addr, RejectReason, Time } from "./types.ts";

export type Choice = "refuse" | "ask" | "portal" | "plain" | "verified-tls";
export type Route = "inside" | "portal" | "ask" | "plain" | "verified-tls" | "refused";
export type State =
  | "held"
  | "accepted"
  | "waiting"
  | "delivered"
  | "read"
  | "rejected"
  | "expired"
  | "refused"
  | "failed";

export interface Upload {
  id: string;
  name: string;
  type: string;
  size: number;
  received: number;
  chunkOctets: number;
}

export type AnswerKind = "reply" | "reply-all" | "forward";

export interface Content {
  to: Addr[];
  cc: Addr[];
  bcc: Addr[];
  subject: string;
  text: string;
  html: string | null;
  attachments: string[];
  answers: { reference: string; kind: AnswerKind } | null;
  choices: Record<string, Choice>;
}

export interface Draft extends Content {
  id: string;
  version: number;
  savedAt: Time;
  uploads: Upload[];
}

/** A draft in the list. */
export interface DraftItem {
  id: string;
  version: number;
  savedAt: Time;
  recipients: Addr[];
  subject: string;
  answers: Content["answers"];
}

export interface Check {
  address: string;
  route: Route;
  source: { level: string; fixed: boolean };
  allowed: Choice[];
  reason: string | null;
}

export interface Temporary {
  id: string;
  address: string;
  expiresAt: Time;
  claimed: boolean;
  password: string | null;
}

export interface Delivery {
  address: string;
  route: Route;
  state: State;
  at: Time;
  protected: boolean;
  history: { state: State; at: Time; detail: string | null }[];
  reason: RejectReason | null;
  temporary: Temporary | null;
}

export interface Submission {
  reference: string;
  acceptedAt: Time;
  undoUntil: Time | null;
  recipients: Delivery[];
}

export interface Consent {
  token: string;
  addresses: string[];
  typed: string | null;
}

const draftAt = (id: string) => `/api/drafts/${encodeURIComponent(id)}`;
const sentAt = (reference: string) => `/api/submissions/${encodeURIComponent(reference)}`;
const guestAt = (id: string) => `/api/temporary/${encodeURIComponent(id)}`;

export const people = () => request<{ items: Addr[] }>("GET", "/api/people");
export const draftList = () => request<{ items: DraftItem[] }>("GET", "/api/drafts");
export const draftCreate = (body: Content) => request<Draft>("POST", "/api/drafts", { body });
export const draftRead = (id: string) => request<Draft>("GET", draftAt(id));
export const draftSave = (id: string, version: number, content: Content) =>
  request<Draft>("PUT", draftAt(id), { body: { ...content, version } });
export const draftDelete = (id: string) => request<undefined>("DELETE", draftAt(id));
export const draftFrom = (reference: string, kind: AnswerKind) =>
  request<Draft>("POST", `/api/drafts/from/${encodeURIComponent(reference)}`, { query: { kind } });

export const check = (
  recipients: string[],
  answers: Content["answers"],
  choices: Content["choices"],
) =>
  request<{ items: Check[] }>("POST", "/api/outgoing/check", {
    body: { recipients, answers, choices },
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
export const submission = (reference: string) => request<Submission>("GET", sentAt(reference));
export const undo = (reference: string) => request<Draft>("POST", `${sentAt(reference)}/undo`);

export const uploadDelete = (id: string) =>
  request<undefined>("DELETE", `/api/uploads/${encodeURIComponent(id)}`);

export const guestRenew = (id: string) => request<Temporary>("POST", `${guestAt(id)}/renew`);
export const guestResend = (id: string) => request<undefined>("POST", `${guestAt(id)}/resend`);
export const guestRevoke = (id: string) => request<undefined>("POST", `${guestAt(id)}/revoke`);

/** The consent that a refusal asks for, if that is what it is. */
export function consentOf(problem: unknown): Consent | null {
  const found = (problem as { consent?: Consent } | null)?.consent;
  return found ?? null;
}
