// What administrators see and change.
import { request } from "./client.ts";
import type { Answered, Asked, AskedIn } from "./wire.ts";

export type User = Answered<"User">;
/** Which users are asked for, and in which order. */
export type UsersQuery = AskedIn<"manageUsers"> & { sort: UserSort };
export type UserSort = "name" | "used" | "active";
export type NewUser = Asked<"NewUser">;
export type Temporary = Answered<"TemporaryRow">;

export type BoardRow = Answered<"BoardRow">;

export type QueueRow = Answered<"QueueRow">;
export type QueuePage = Answered<"Queue">;

export type Mode = Asked<"Mode">;
export type Rule = Answered<"Rule">;
export type Policy = Answered<"PolicySet">;

/** What is set; null is as the configuration file has it. */
export type Rules = Answered<"Rules">;
export type SiteSettings = Answered<"SiteView">;

export type LogLine = Answered<"LogLine">;
export type Diagnostics = Answered<"Diagnostics">;
export type Brand = Answered<"Brand">;

const at = "/api/manage";

export const confirm = (password: string) =>
  request<undefined>("POST", "/api/session/confirm", { body: { password } });

export const users = ({ descending, ...query }: UsersQuery) =>
  request<Answered<"Users">>("GET", `${at}/users`, {
    query: { ...query, descending: String(descending) },
  });
export const userMake = (user: NewUser) =>
  request<Answered<"CreatedUser">>("POST", `${at}/users`, { body: user });
export const userChange = (name: string, change: Asked<"UserChange">) =>
  request<undefined>("PATCH", `${at}/users/${encodeURIComponent(name)}`, { body: change });
export const userRemove = (name: string, confirm: string) =>
  request<undefined>("POST", `${at}/users/${encodeURIComponent(name)}/remove`, {
    body: { confirm, free: false },
  });
export const userSignOut = (name: string) =>
  request<undefined>("POST", `${at}/users/${encodeURIComponent(name)}/sign-out`);
export const userTotpReset = (name: string) =>
  request<undefined>("POST", `${at}/users/${encodeURIComponent(name)}/reset-totp`);
export const userAddressAdd = (name: string, address: string) =>
  request<undefined>("POST", `${at}/users/${encodeURIComponent(name)}/addresses`, {
    body: { address },
  });
export const userAddressRemove = (name: string, address: string) =>
  request<undefined>("POST", `${at}/users/${encodeURIComponent(name)}/addresses/remove`, {
    body: { address, free: false },
  });

export const temporary = () => request<Answered<"TemporaryRows">>("GET", `${at}/temporary`);
export const temporaryAct = (address: string, act: Asked<"TemporaryDo">) =>
  request<undefined>("POST", `${at}/temporary/act`, { body: { address, act } });

export const boards = () => request<Answered<"BoardRows">>("GET", `${at}/boards`);
export const boardDelete = (id: string) =>
  request<undefined>("DELETE", `${at}/boards/${encodeURIComponent(id)}`);
export const boardManager = (id: string, name: string) =>
  request<undefined>("PUT", `${at}/boards/${encodeURIComponent(id)}/manager`, { body: { name } });

export const queue = (find: string, after: string | null) =>
  request<QueuePage>("GET", `${at}/queue`, { query: { find, after } });
export const queueAct = (id: string, act: Asked<"QueueDo">) =>
  request<undefined>("POST", `${at}/queue/${encodeURIComponent(id)}`, { body: { act } });

export const site = () => request<SiteSettings>("GET", `${at}/site`);
export const siteSet = (rules: Rules) => request<undefined>("PUT", `${at}/site`, { body: rules });
export const logoSet = (octets: Blob) => request<undefined>("PUT", `${at}/logo`, { octets });
export const logoDrop = () => request<undefined>("DELETE", `${at}/logo`);

export const log = (before: string | null) =>
  request<Answered<"Log">>("GET", `${at}/log`, { query: { before } });
export const diagnostics = () => request<Diagnostics>("GET", `${at}/diagnostics`);

export const brand = () => request<Brand>("GET", "/api/brand", { open: true });
