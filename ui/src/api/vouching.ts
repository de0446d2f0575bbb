// Vouching: the own signing key, requests, attestations, and colleagues.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Vouching = Answered<"Vouching">;
export type VouchRequest = Answered<"VouchRequest">;
export type Attestation = Answered<"Attestation">;
export type ColleagueName = Answered<"ColleagueName">;
export type ColleagueDetail = Answered<"ColleagueDetail">;
export type VouchingProblem = Answered<"VouchingProblem">;
export type Signature = Answered<"Signature">;
export type NewAttestation = Asked<"NewAttestation">;
export type Acquaintance = Asked<"Acquaintance">;

const colleagueAt = (id: string) => `/api/colleagues/${encodeURIComponent(id)}`;
const vouchingAt = (what: string, id: string) => `/api/vouching/${what}/${encodeURIComponent(id)}`;

export const vouchingRead = () => request<Vouching>("GET", "/api/vouching");
export const signingRead = () => request<Answered<"Signing">>("GET", "/api/signing");
export const signingSet = (signs: boolean) =>
  request<undefined>("PATCH", "/api/signing", { body: { signs } });
export const registerConfirm = () => request<undefined>("POST", "/api/vouching/register");
export const vouchAsk = (address: string) =>
  request<undefined>("POST", "/api/vouching/requests", { body: { address } });
/** Refuses a request, or takes an own one back. */
export const vouchRequestEnd = (id: string) =>
  request<undefined>("DELETE", vouchingAt("requests", id));
export const vouch = (body: NewAttestation) =>
  request<undefined>("POST", "/api/vouching/attestations", { body });
export const vouchRevoke = (id: string) =>
  request<undefined>("DELETE", vouchingAt("attestations", id));

export const colleaguesFind = (q: string) =>
  request<Answered<"ColleagueNames">>("GET", "/api/colleagues", { query: { q } });
export const colleagueRead = (id: string) => request<ColleagueDetail>("GET", colleagueAt(id));
export const colleagueKeyAccept = (id: string, fingerprint: string) =>
  request<undefined>("PUT", `${colleagueAt(id)}/key`, { body: { fingerprint } });
