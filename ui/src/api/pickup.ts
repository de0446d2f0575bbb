// The calls of an outside recipient's pages: the public ones before sign-in, then the few of a
// temporary account.
import { request } from "./client.ts";
import type { Answered, Narrowed } from "./wire.ts";

export type PickupState = "waiting" | "claimed" | "expired" | "revoked";
export type HandOff = "claim" | "in-mail" | "by-sender";
export type Pickup = Narrowed<Answered<"Pickup">, { state: PickupState; handOff: HandOff }>;
export type Verified = Answered<"Verified">;

export const pickupRead = (token: string) =>
  request<Pickup>("GET", `/api/pickup/${encodeURIComponent(token)}`, { open: true });
export const pickupAsk = (token: string) =>
  request<unknown>("POST", `/api/pickup/${encodeURIComponent(token)}/ask`, {
    body: {},
    open: true,
  });
export const verify = (reference: string) =>
  request<Verified>("GET", `/api/verify/${encodeURIComponent(reference)}`, { open: true });

export const accountDelete = (password: string) =>
  request<undefined>("DELETE", "/api/account", { body: { password } });
