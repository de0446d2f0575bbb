// The calls of the API for groups.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Group = Answered<"Group">;
export type GroupWhole = Answered<"GroupWhole">;
export type GroupMember = Answered<"GroupMember">;
export type GroupNew = Asked<"GroupNew">;
export type GroupEdit = Asked<"GroupEdit">;
export type Badge = Answered<"Badge">;

const at = (id: string) => `/api/groups/${encodeURIComponent(id)}`;
const member = (id: string, who: string) => `${at(id)}/members/${encodeURIComponent(who)}`;

export const groupList = () => request<Answered<"Groups">>("GET", "/api/groups");
export const groupCreate = (body: GroupNew) => request<GroupWhole>("POST", "/api/groups", { body });
export const groupRead = (id: string) => request<GroupWhole>("GET", at(id));
/** `version` is that of the group as it is shown. */
export const groupChange = (id: string, version: number, body: GroupEdit) =>
  request<GroupWhole>("PATCH", at(id), { body, headers: { "If-Match": `"${version}"` } });
export const groupDelete = (id: string) => request<undefined>("DELETE", at(id));
/** Takes keys that nothing proves for the group's own. */
export const keysAccept = (id: string) => request<GroupWhole>("POST", `${at(id)}/keys`);
export const memberAdd = (id: string, address: string) =>
  request<GroupWhole>("POST", `${at(id)}/members`, { body: { address } });
export const memberChange = (id: string, who: string, manager: boolean) =>
  request<GroupWhole>("PATCH", member(id, who), { body: { manager } });
export const memberRemove = (id: string, who: string) =>
  request<undefined>("DELETE", member(id, who));
/** Asks a member to vouch for the members of a group. */
export const voucherAsk = (id: string, who: string) =>
  request<GroupWhole>("PUT", `${at(id)}/voucher`, { body: { member: who } });
/** Agrees to that. */
export const voucherAgree = (id: string) => request<GroupWhole>("POST", `${at(id)}/voucher`);
export const voucherEnd = (id: string) => request<GroupWhole>("DELETE", `${at(id)}/voucher`);
export const groupsTend = () => request<Answered<"GroupsTended">>("POST", "/api/groups/keys");
export const badgesOf = (address: string) =>
  request<Answered<"Badges">>("GET", "/api/groups/badges", { query: { address } });
