// Credentials other than the password.
import { request, type Signer } from "./client.ts";
import type { SignedIn } from "./types.ts";
import type { Answered, Asked } from "./wire.ts";

export type Key = Answered<"Credential">;
export type Keys = Answered<"Credentials">;
export type TotpSecret = Answered<"TotpSecret">;

/** Octets are encoded in base64url here. */
export type PasskeyRequestOptions = Answered<"PasskeyRequestOptions">;
export type PasskeyCreationOptions = Answered<"PasskeyCreationOptions">;
export type NewPasskey = Asked<"NewPasskey">;
export type PasskeyAssertion = Asked<"PasskeyAssertion">;

export const keysRead = () => request<Keys>("GET", "/api/account/credentials");
export const keyRemove = (id: string) =>
  request<undefined>("DELETE", `/api/account/credentials/${id}`);
export const appPasswordMake = (password: string, label: string) =>
  request<Answered<"AppPasswordCreated">>("POST", "/api/account/app-passwords", {
    body: { password, label },
  });
export const totpStart = (password: string) =>
  request<TotpSecret>("POST", "/api/account/totp", { body: { password } });
export const totpOn = (code: string) =>
  request<undefined>("PUT", "/api/account/totp", { body: { code } });
export const totpOff = (password: string) =>
  request<undefined>("POST", "/api/account/totp/off", { body: { password } });
export const passkeyCreateOptions = (password: string) =>
  request<PasskeyCreationOptions>("POST", "/api/account/passkeys/options", { body: { password } });
export const passkeyKeep = (body: NewPasskey) =>
  request<Key>("POST", "/api/account/passkeys", { body });
export const passkeyRequestOptions = () =>
  request<PasskeyRequestOptions>("POST", "/api/session/passkey/options", { open: true });
export const passkeySignIn = (body: PasskeyAssertion, as: Signer) =>
  request<SignedIn>("POST", "/api/session/passkey", { body, as });
