// The calls of the API for mail.
import { octets, request, type Signer } from "./client.ts";
import type * as api from "./types.ts";
import type { Answered } from "./wire.ts";

const at = (reference: string) => `/api/messages/${encodeURIComponent(reference)}`;
const box = (id: string) => `/api/mailboxes/${encodeURIComponent(id)}`;

export const signIn = (body: api.SignIn, as: Signer) =>
  request<api.SignedIn>("POST", "/api/session", { body, as });
export const sessionRead = (as: Signer) => request<api.SessionInfo>("GET", "/api/session", { as });
export const signOut = () => request<undefined>("DELETE", "/api/session", { clearsSite: true });
export const sessionList = () => request<Answered<"Sessions">>("GET", "/api/sessions");
export const sessionEnd = (id: string) =>
  request<undefined>("DELETE", `/api/sessions/${encodeURIComponent(id)}`);
export const browserList = () => request<Answered<"KnownBrowsers">>("GET", "/api/browsers");
export const browserForget = (id: string) =>
  request<undefined>("DELETE", `/api/browsers/${encodeURIComponent(id)}`);
export const sessionEndAll = () => request<undefined>("DELETE", "/api/sessions");

export const mailboxList = () => request<api.Mailboxes>("GET", "/api/mailboxes");
export const mailboxCreate = (name: string) =>
  request<api.Mailbox>("POST", "/api/mailboxes", { body: { name } });
export const mailboxRename = (id: string, name: string) =>
  request<api.Mailbox>("PATCH", box(id), { body: { name } });
export const mailboxDelete = (id: string) => request<undefined>("DELETE", box(id));

export const messageList = (mailbox: string, before: string | null, limit: number) =>
  request<api.Page>("GET", "/api/messages", { query: { mailbox, before, limit } });
/** Searches all mail, or one mailbox alone. */
export const search = (
  q: string,
  before: string | null,
  limit: number,
  mailbox: string | null = null,
) => request<api.Found>("GET", "/api/search", { query: { q, mailbox, before, limit } });
export const searchIndex = () => request<api.IndexProgress>("POST", "/api/search/index");
export const conversation = (reference: string) =>
  request<{ items: api.Item[] }>("GET", `${at(reference)}/conversation`);
export const flags = (
  where: { mailbox: string } | { q: string } | { q: string; mailbox: string },
  before: string | null,
) =>
  request<api.AllFlags>("GET", "/api/messages/flags", {
    query: { ...where, before },
  });
export const messageItems = (references: string[]) =>
  request<{ items: api.Item[] }>("POST", "/api/messages/items", { body: { references } });
export const messageBeginnings = (references: string[]) =>
  request<Answered<"Beginnings">>("POST", "/api/messages/beginnings", { body: { references } });
export const labelList = () => request<Answered<"Labels">>("GET", "/api/labels");
export const labelsSet = (items: api.Label[]) =>
  request<Answered<"Labels">>("PUT", "/api/labels", { body: { items } });
/** `received` counts where the message does not say itself when it came. */
export const messageImport = (
  mailbox: string,
  { octets, received }: { octets: Blob; received: Date | null },
  signal: AbortSignal,
) =>
  request<api.Imported>("POST", "/api/messages/import", {
    query: { mailbox, received: received?.toISOString() ?? null },
    octets,
    signal,
  });
export const messageSource = (reference: string, signal: AbortSignal) =>
  octets(`${at(reference)}/source`, { signal });
export const messageItem = (reference: string) => request<api.Item>("GET", `${at(reference)}/item`);
/** `confirm` is the reader's answer where `asksConfirmation` asks; null where nothing does. */
export const messageOpen = (reference: string, confirm: boolean | null) =>
  request<api.Detail>("POST", `${at(reference)}/open`, { body: { confirm } });
export const messageRead = (reference: string) => request<api.Detail>("GET", at(reference));
/** A message within an opened one; `within` are the numbers of the parts that lead to it. */
export const messageAttached = (reference: string, within: number[]) =>
  request<api.Attached>("GET", `${at(reference)}/attached`, {
    query: { within: within.join(",") },
  });
export const messageReject = (
  reference: string,
  reason: api.RejectReason | null,
  confirm: boolean | null,
) => request<api.Rejected>("POST", `${at(reference)}/reject`, { body: { reason, confirm } });
export const messageDelete = (reference: string) => request<undefined>("DELETE", at(reference));
export const messageChange = (references: string[], change: api.Change) =>
  request<api.BatchResult>("POST", "/api/messages/batch", { body: { references, change } });
export const ticket = (reference: string, body: api.TicketRequest) =>
  request<api.Ticket>("POST", `${at(reference)}/ticket`, { body });
export const changes = (since: string) =>
  request<api.Changes>("GET", "/api/changes", { query: { since } });
