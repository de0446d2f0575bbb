// What the account sets for itself on the server, and what opens it.
import { request } from "./client.ts";
import type { Choice } from "./sending.ts";
import type { Answered, Asked, Narrowed } from "./wire.ts";

export type AcceptFrom = Asked<"Accept">;
export type ConfirmOutside = "never" | "ask" | "known" | "always";
export type LastInteraction = "never" | "day" | "exact";

/** What holds for one preference, and who said so. The contract does not describe it. */
export interface Value<T> {
  value: T;
  source: "own" | "system";
  /** The administrator allows no other. */
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

/** `null` follows the system again. */
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
