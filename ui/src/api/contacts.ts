// The address book on the server.
import { octets, request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Book = Answered<"Contacts">;
export type Entry = Answered<"ContactEntry">;
export type BookContact = Answered<"BookContact">;
export type ContactFields = Answered<"ContactFields">;
export type ContactWay = Answered<"ContactWay">;
export type ContactPostal = Answered<"ContactPostal">;
export type ContactChange = Asked<"ContactChange">;
export type Imported = Answered<"ContactsImported">;
export type Exported = Answered<"ContactsExport">;
export type Requests = Answered<"ContactRequests">;
export type Waiting = Answered<"ContactRequest">;
export type Known = Answered<"LookupFound">;
export type Sharing = Answered<"ContactSharing">;
export type Share = Answered<"ContactShare">;
export type Reader = Answered<"ContactReader">;
export type Field = Answered<"ContactField">;
export type Shared = Answered<"SharedContact">;
export type SharedPage = Answered<"SharedContacts">;
export type Edit = Answered<"ContactEdit">;
export type Format = Asked<"ContactsImport">["format"];

export interface BookQuery {
  q?: string;
  label?: string | null;
  favourites?: boolean | null;
  offset?: number;
  limit?: number;
}

const path = (id: string) => `/api/contacts/${encodeURIComponent(id)}`;

export const contactList = (query: BookQuery, signal?: AbortSignal) =>
  request<Book>("GET", "/api/contacts", {
    query: { ...query, favourites: query.favourites ? "true" : null },
    ...(signal ? { signal } : {}),
  });
export const contactRead = (id: string) => request<BookContact>("GET", path(id));
/** With the same key it is added once, however often it is asked. */
export const contactCreate = (body: ContactFields, key: string) =>
  request<BookContact>("POST", "/api/contacts", { body, headers: { "Idempotency-Key": key } });
/** `version` is the one that was edited. */
export const contactChange = (id: string, version: number, body: ContactChange) =>
  request<BookContact>("PATCH", path(id), { body, headers: { "If-Match": `"${version}"` } });
export const contactDelete = (id: string) => request<undefined>("DELETE", path(id));
export const contactRestore = (id: string) =>
  request<BookContact>("POST", `${path(id)}/restore`, { body: {} });
export const contactDuplicates = () =>
  request<Answered<"ContactDuplicates">>("GET", "/api/contacts/duplicates");
export const contactsMerge = (ids: string[]) =>
  request<BookContact>("POST", "/api/contacts/merge", { body: { ids } });
export const contactPhoto = (id: string) => octets(`${path(id)}/photo`, {});
export const contactPhotoSet = (id: string, photo: Blob) =>
  request<BookContact>("PUT", `${path(id)}/photo`, { octets: photo });
export const contactPhotoDrop = (id: string) => request<BookContact>("DELETE", `${path(id)}/photo`);
export const contactsLookup = (items: Asked<"LookupItem">[]) =>
  request<Answered<"ContactsFound">>("POST", "/api/contacts/lookup", { body: { items } });
export const contactsImport = (format: Format, text: string, signal: AbortSignal) =>
  request<Imported>("POST", "/api/contacts/import", {
    body: { format, text },
    signal,
    maxMs: 120_000,
  });
export const contactsExport = (format: Format, after: string | null) =>
  request<Exported>("GET", "/api/contacts/export", { query: { format, after } });
export const contactRequests = () => request<Requests>("GET", "/api/contacts/requests");
export const contactRequest = (to: string, contact: ContactFields, note: string) =>
  request<Answered<"ContactRequestSent">>("POST", "/api/contacts/requests", {
    body: { to, contact, note },
  });
export const contactAnswer = (reference: string, allow: boolean, contact: ContactFields | null) =>
  request<Answered<"ContactAnswered">>(
    "POST",
    `/api/contacts/requests/${encodeURIComponent(reference)}`,
    { body: { allow, contact } },
  );

const sharedPath = (owner: string, id: string) =>
  `/api/contacts/shared/${encodeURIComponent(owner)}/${encodeURIComponent(id)}`;

export const contactSharing = (id: string) => request<Sharing>("GET", `${path(id)}/sharing`);
/** `version` is that of the contact as it is shown. */
export const contactShare = (id: string, version: number, shares: Asked<"ContactShare">[]) =>
  request<Sharing>("PUT", `${path(id)}/sharing`, {
    body: { shares },
    headers: { "If-Match": `"${version}"` },
  });
export type BookSharing = Answered<"ContactBookSharing">;
export const contactBook = () => request<BookSharing>("GET", "/api/contacts/book");
/** `version` is that of the readers as they are shown. */
export const contactBookShare = (version: number, shares: Asked<"ContactShare">[]) =>
  request<BookSharing>("PUT", "/api/contacts/book", {
    body: { shares },
    headers: { "If-Match": `"${version}"` },
  });
export const contactAdders = () =>
  request<Answered<"ContactAdders">>("GET", "/api/contacts/adders");
export const contactAddersSet = (adders: Asked<"ContactReader">[]) =>
  request<Answered<"ContactAdders">>("PUT", "/api/contacts/adders", { body: { adders } });
export const contactsShared = (q: string, limit: number) =>
  request<SharedPage>("GET", "/api/contacts/shared", { query: { q, limit } });
export const contactShared = (owner: string, id: string) =>
  request<Shared>("GET", sharedPath(owner, id));
export const contactSharedChange = (one: Shared, body: ContactChange) =>
  request<Shared>("PATCH", sharedPath(one.owner.id, one.id), {
    body,
    headers: { "If-Match": `"${one.version}"` },
  });
export const contactSharedAdd = (owner: string, body: ContactFields, key: string) =>
  request<Answered<"SharedContactAdded">>(
    "POST",
    `/api/contacts/shared/${encodeURIComponent(owner)}`,
    { body, headers: { "Idempotency-Key": key } },
  );
export const contactEdits = () => request<Answered<"ContactEdits">>("GET", "/api/contacts/edits");
export const contactEditAnswer = (reference: string, act: "undo" | "use") =>
  request<undefined>("POST", `/api/contacts/edits/${encodeURIComponent(reference)}`, {
    body: { act },
  });
