// The calls of the API for role mailboxes. Their mail is read and written by the calls for mail.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type RoleMailbox = Answered<"RoleMailbox">;
export type RoleAct = Answered<"RoleAct">;

export const roleList = () => request<Answered<"RoleMailboxes">>("GET", "/api/role-mailboxes");
export const roleCreate = (body: Asked<"RoleMailboxNew">) =>
  request<RoleMailbox>("POST", "/api/role-mailboxes", { body });
export const roleEnd = (id: string) =>
  request<undefined>("DELETE", `/api/role-mailboxes/${encodeURIComponent(id)}`);
