// What opens the account besides its password.
import { request, type Credentials } from "./client.ts";
import type { Profile, SignedIn, Time } from "./types.ts";

export interface Key {
  id: string;
  label: string;
  createdAt: Time;
  lastUsedAt: Time | null;
}

export interface Keys {
  appPasswords: Key[];
  passkeys: Key[];
  codes: boolean;
}

export interface CodesSecret {
  secret: string;
  uri: string;
  qr: { size: number; path: string };
}

/** Octets are in base64url here. */
export interface PasskeyQuestion {
  challenge: string;
  rpId: string;
  prfInput: string;
}

export interface PasskeyPlan extends PasskeyQuestion {
  userId: string;
  name: string;
  displayName: string;
  algorithms: number[];
  there: string[];
}

export interface NewPasskey {
  label: string;
  challenge: string;
  clientData: string;
  authenticatorData: string;
  algorithm: number;
  publicKey: string;
  prf: string;
}

export interface PasskeyAnswer {
  profile: Profile;
  userId: string;
  credentialId: string;
  challenge: string;
  clientData: string;
  authenticatorData: string;
  signature: string;
  prf: string;
}

export const keysRead = () => request<Keys>("GET", "/api/account/credentials");
export const keyRemove = (id: string) =>
  request<undefined>("DELETE", `/api/account/credentials/${id}`);
export const appPasswordMake = (password: string, label: string) =>
  request<Key & { appPassword: string }>("POST", "/api/account/app-passwords", {
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
export const passkeySignIn = (body: PasskeyAnswer, as: Credentials) =>
  request<SignedIn>("POST", "/api/session/passkey", { body, as });
