// What opens the account besides its password.
import { request, type Signer } from "./client.ts";
import type { SignedIn } from "./types.ts";
import type { Answered, Asked } from "./wire.ts";

export type Key = Answered<"Credential">;
export type Keys = Answered<"Credentials">;
export type CodesSecret = Answered<"CodesSecret">;

/** Octets are in base64url here. */
export type PasskeyQuestion = Answered<"PasskeyQuestion">;
export type PasskeyPlan = Answered<"PasskeyPlan">;
export type NewPasskey = Asked<"NewPasskey">;
export type PasskeyAnswer = Asked<"PasskeyAnswer">;

export const keysRead = () => request<Keys>("GET", "/api/account/credentials");
export const keyRemove = (id: string) =>
  request<undefined>("DELETE", `/api/account/credentials/${id}`);
export const appPasswordMake = (password: string, label: string) =>
  request<Answered<"AppPasswordMade">>("POST", "/api/account/app-passwords", {
    body: { password, label },
  });
export const codesBegin = (password: string) =>
  request<CodesSecret>("POST", "/api/account/codes", { body: { password } });
export const codesOn = (code: string) =>
  request<undefined>("PUT", "/api/account/codes", { body: { code } });
export const codesOff = (password: string) =>
  request<undefined>("POST", "/api/account/codes/off", { body: { password } });
export const passkeyBegin = (password: string) =>
  request<PasskeyPlan>("POST", "/api/account/passkeys/begin", { body: { password } });
export const passkeyKeep = (body: NewPasskey) =>
  request<Key>("POST", "/api/account/passkeys", { body });
export const passkeyQuestion = () =>
  request<PasskeyQuestion>("POST", "/api/session/passkey/begin", { open: true });
export const passkeySignIn = (body: PasskeyAnswer, as: Signer) =>
  request<SignedIn>("POST", "/api/session/passkey", { body, as });
