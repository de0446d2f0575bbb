// An account's preferences on the server, and its password and recovery key.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type AcceptFrom = Asked<"Accept">;
export type ConfirmOutside = Asked<"ConfirmOutside">;
export type LastInteraction = Asked<"LastInteraction">;
export type Preferences = Answered<"Preferences">;

/** `null` follows the system again. */
export type PreferencesChange = Asked<"PreferencesChange">;

export const preferencesRead = () => request<Preferences>("GET", "/api/preferences");
export const preferencesChange = (body: PreferencesChange) =>
  request<Preferences>("PATCH", "/api/preferences", { body });

/** Returns the new recovery key, unless everything else that opens the account is kept. */
export const passwordChange = (password: string, newPassword: string, keepOthers: boolean) =>
  request<Answered<"Recovery"> | undefined>("PUT", "/api/account/password", {
    body: { password, newPassword, keepOthers },
  });
export const recoveryKeyNew = (password: string) =>
  request<Answered<"Recovery">>("POST", "/api/account/recovery-key", { body: { password } });
export const recover = (name: string, recoveryKey: string, newPassword: string) =>
  request<Answered<"Recovery">>("POST", "/api/recovery", {
    body: { name, recoveryKey, newPassword },
    open: true,
  });

export type Filter = Answered<"Filter">;

export const filterList = () => request<Answered<"Filters">>("GET", "/api/filters");
export const filtersSet = (items: Filter[]) =>
  request<undefined>("PUT", "/api/filters", { body: { items } });

/** When notices of chats and boards are given, and the other address to which they go. */
export type Notices = Answered<"Notices">;
export type NoticeTimes = Answered<"NoticeTimes">;

export const noticesRead = () => request<Notices>("GET", "/api/notices");
export const noticesSet = (body: NoticeTimes) => request<Notices>("PUT", "/api/notices", { body });
export const noticeAddressAsk = (address: string, password: string) =>
  request<Notices>("POST", "/api/notices/address", { body: { address, password } });
export const noticeAddressConfirm = (code: string) =>
  request<Notices>("POST", "/api/notices/address/code", { body: { code } });
export const noticeAddressRemove = () => request<Notices>("DELETE", "/api/notices/address");
