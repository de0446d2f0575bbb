// An account's preferences on the server, and its password and recovery key.
import { request } from "./client.ts";
import type { Choice } from "./sending.ts";
import type { Answered, Asked, Narrowed } from "./wire.ts";

export type AcceptFrom = Asked<"Accept">;
export type ConfirmOutside = "never" | "ask" | "known" | "always";
export type LastInteraction = "never" | "day" | "exact";

/**
 * The effective value of one preference, and where it comes from. The contract does not describe
 * it.
 */
export interface Value<T> {
  value: T;
  source: "own" | "system";
  /** The administrator allows no other value. */
  fixed: boolean;
}

export type Preferences = Narrowed<
  Answered<"Preferences">,
  {
    undoSecs: Value<number>;
    choice: Value<Choice | null>;
    lastInteraction: Value<LastInteraction>;
    confirmOutside: Value<ConfirmOutside>;
    acceptFrom: Value<AcceptFrom>;
  }
>;

/** `null` returns to the system's default. */
export type PreferencesChange = Asked<"Change">;

export const preferencesRead = () => request<Preferences>("GET", "/api/preferences");
export const preferencesChange = (body: PreferencesChange) =>
  request<Preferences>("PATCH", "/api/preferences", { body });

export const passwordChange = (password: string, newPassword: string) =>
  request<undefined>("PUT", "/api/account/password", { body: { password, newPassword } });
export const recoveryKeyNew = (password: string) =>
  request<Answered<"Recovery">>("POST", "/api/account/recovery-key", { body: { password } });
export const recover = (name: string, recoveryKey: string, newPassword: string) =>
  request<undefined>("POST", "/api/recovery", {
    body: { name, recoveryKey, newPassword },
    open: true,
  });

export type Filter = Answered<"Filter">;

export const filterList = () => request<Answered<"Filters">>("GET", "/api/filters");
export const filtersSet = (items: Filter[]) =>
  request<undefined>("PUT", "/api/filters", { body: { items } });
