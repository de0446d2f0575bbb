// What the account sets for itself on the server, and what opens it.
import { request } from "./client.ts";
import type { Choice } from "./sending.ts";

export interface Value<T> {
  value: T;
  source: "own" | "system";
  /** The administrator allows no other. */
  fixed: boolean;
}

export interface Preferences {
  undoSecs: Value<number>;
  choice: Value<Choice | null>;
  lastInteraction: Value<"never" | "day" | "exact">;
  confirmOutside: Value<"never" | "ask" | "known" | "always">;
  acceptFrom: Value<"inside" | "outside" | "both">;
}

export type PreferencesChange = { [K in keyof Preferences]?: Preferences[K]["value"] };

export const preferencesRead = () => request<Preferences>("GET", "/api/preferences");
export const preferencesChange = (body: PreferencesChange) =>
  request<Preferences>("PATCH", "/api/preferences", { body });

export const passwordChange = (password: string, newPassword: string) =>
  request<undefined>("PUT", "/api/account/password", { body: { password, newPassword } });
export const recoveryKeyNew = (password: string) =>
  request<{ recoveryKey: string }>("POST", "/api/account/recovery-key", { body: { password } });
export const recover = (name: string, recoveryKey: string, newPassword: string) =>
  request<undefined>("POST", "/api/recovery", {
    body: { name, recoveryKey, newPassword },
    open: true,
  });

/** What must hold, and what is done then; an empty text holds for everything. */
export interface Filter {
  from: string;
  to: string;
  subject: string;
  mailbox: string | null;
  star: boolean;
  label: number | null;
  read: boolean;
}

export const filterList = () => request<{ items: Filter[] }>("GET", "/api/filters");
export const filtersSet = (items: Filter[]) =>
  request<undefined>("PUT", "/api/filters", { body: { items } });
