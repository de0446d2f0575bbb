// What managers see and change for everybody.
import { request } from "./client.ts";
import type { Choice } from "./sending.ts";

export interface User {
  name: string;
  displayName: string;
  addresses: string[];
  disabled: boolean;
  manager: boolean;
  acceptFrom: "inside" | "outside" | "both";
  createdAt: string;
  lastInteractionAt: string | null;
}

export interface NewUser {
  name: string;
  displayName: string;
  addresses: string[];
  password: string;
}

export interface Temporary {
  address: string;
  sponsor: string;
  createdAt: string;
  expiresAt: string;
  claimedAt: string | null;
  letters: number;
}

export interface QueueRow {
  id: string;
  reference: string;
  kind: "letter" | "notification" | "report";
  from: string;
  to: string;
  state: "waiting" | "leased" | "held";
  size: number;
  attempts: number;
  queuedAt: string;
  dueAt: string;
  last: string | null;
}

export type Mode = "fixed" | "default" | "free";

export interface Rule {
  user: string | null;
  domain: string | null;
  recipient: string | null;
  choice: Choice;
  mode: Mode;
}

export interface Policy {
  intranet: boolean;
  choice: Choice;
  mode: Mode;
  verifiedElse: Choice;
  rules: Rule[];
}

export interface Fixable<T> {
  value: T;
  fixed: boolean;
}

/** What is set; null is as the configuration file has it. */
export interface Rules {
  policy: Policy | null;
  lastInteraction: Fixable<"never" | "day" | "exact"> | null;
  confirmOutside: Fixable<"never" | "ask" | "known" | "always"> | null;
  organisation: string | null;
  phone: string | null;
  notificationText: string | null;
  accent: string | null;
}

export interface House {
  set: Rules;
  inForce: Rules;
  hasLogo: boolean;
}

export interface LogLine {
  at: string;
  who: string;
  act: string;
  about: string;
  peer: string;
}

export interface Diagnostics {
  version: string;
  startedAt: string;
  now: string;
  users: number;
  disabledUsers: number;
  temporaryAccounts: number;
  messages: number;
  waiting: number;
  held: number;
  oldestInQueue: string | null;
  storedOctets: number;
  freeOctets: number | null;
  refusing: string | null;
  certificateEndsAt: string | null;
  publicUrl: string;
  domainsElsewhere: string[];
}

const at = "/api/manage";

export const confirm = (password: string) =>
  request<undefined>("POST", "/api/session/confirm", { body: { password } });

export const users = () => request<{ items: User[] }>("GET", `${at}/users`);
export const userMake = (user: NewUser) =>
  request<{ address: string; recoveryKey: string }>("POST", `${at}/users`, { body: user });
export const userChange = (
  name: string,
  change: Partial<Pick<User, "disabled" | "manager" | "acceptFrom">>,
) => request<undefined>("PATCH", `${at}/users/${encodeURIComponent(name)}`, { body: change });

export const temporary = () => request<{ items: Temporary[] }>("GET", `${at}/temporary`);
export const temporaryAct = (address: string, act: "renew" | "end") =>
  request<undefined>("POST", `${at}/temporary/act`, { body: { address, act } });

export interface QueuePage {
  items: QueueRow[];
  next: string | null;
  total: number;
}

export const queue = (find: string, after: string | null) =>
  request<QueuePage>("GET", `${at}/queue`, { query: { find, after } });
export const queueAct = (id: string, act: "retry" | "hold" | "drop") =>
  request<undefined>("POST", `${at}/queue/${encodeURIComponent(id)}`, { body: { act } });

export const house = () => request<House>("GET", `${at}/house`);
export const houseSet = (rules: Rules) => request<undefined>("PUT", `${at}/house`, { body: rules });
export const logoSet = (octets: Blob) => request<undefined>("PUT", `${at}/logo`, { octets });
export const logoDrop = () => request<undefined>("DELETE", `${at}/logo`);

export const log = (before: string | null) =>
  request<{ items: LogLine[]; next: string | null }>("GET", `${at}/log`, { query: { before } });
export const diagnostics = () => request<Diagnostics>("GET", `${at}/diagnostics`);

export interface Brand {
  organisation: string;
  accent: string | null;
  hasLogo: boolean;
}

export const brand = () => request<Brand>("GET", "/api/brand", { open: true });
