// The calls of an outside recipient's pages: the public ones before sign-in, then the few of a
// temporary account.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type PickupState = Asked<"PickupState">;
export type HandOff = Asked<"HandOff">;
export type Pickup = Answered<"Pickup">;
export type AccessAsked = Answered<"AccessAsked">;
export type Verified = Answered<"Verified">;

export const pickupRead = (token: string) =>
  request<Pickup>("GET", `/api/pickup/${encodeURIComponent(token)}`, { open: true });
export const pickupAsk = (token: string) =>
  request<unknown>("POST", `/api/pickup/${encodeURIComponent(token)}/ask`, {
    body: {},
    open: true,
  });
export const pickupAccess = (token: string, address: string) =>
  request<AccessAsked>("POST", `/api/pickup/${encodeURIComponent(token)}/access`, {
    body: { address },
    open: true,
  });
export const verify = (reference: string) =>
  request<Verified>("GET", `/api/verify/${encodeURIComponent(reference)}`, { open: true });

/** `password` is null as long as the owner has chosen none. */
export const accountDelete = (password: string | null) =>
  request<undefined>("DELETE", "/api/account", { body: { password } });
export const passphraseChoose = (passphrase: string) =>
  request<undefined>("POST", "/api/account/passphrase", { body: { passphrase } });
