// The shapes of the HTTP contract, as the daemon sends them (camelCase, RFC 3339 times).

export type Time = string;

export interface Session {
  id: string;
  agent: string;
  peer: string;
  createdAt: Time;
  lastUsedAt: Time;
  expiresAt: Time;
  current: boolean;
}

export interface Account {
  id: string;
  name: string;
  displayName: string;
  address: string;
  kind: "internal" | "temporary";
  /** May use the managers' pages. */
  manager?: boolean;
  temporary?: TemporaryAccount | null;
}

/** Until when an outside recipient may read here, and who vouches for them. */
export interface TemporaryAccount {
  expiresAt: Time;
  sponsor: { name: string | null; address: string };
  organisation: string;
}

export type Profile = "browser" | "shared";

export interface SignIn {
  name: string;
  password: string;
  profile: Profile;
  /** A temporary account that is claimed by this sign-in. */
  newPassword?: string;
  /** From an authenticator app, where the account asks for codes. */
  code?: string;
}

export interface SessionInfo {
  session: Session;
  account: Account;
  lastSignIn: Time | null;
}

export interface SignedIn extends SessionInfo {
  token: string;
}

export type Role = "inbox" | "drafts" | "sent" | "archive" | "junk" | "trash";

/** A piece of text, and whether it is what was searched for. */
export interface Snippet {
  text: string;
  hit: boolean;
}

export interface Found {
  state: string;
  items: (Item & { snippet: Snippet[] })[];
  next: string | null;
  /** Messages that are not in the index yet. */
  waiting: number;
}

export interface IndexProgress {
  waiting: number;
  taken: number;
}

export interface Mailbox {
  id: string;
  role: Role | null;
  name: string;
  total: number;
  unread: number;
  unopened: number;
  /** Days after which an opened message leaves it for good. */
  keptDays?: number | null;
}

export interface Mailboxes {
  state: string;
  items: Mailbox[];
}

export interface Protection {
  kind: "tls" | "clear" | "inside" | "imported";
  version: string | null;
  peer: string | null;
}

export interface Sender {
  name: string | null;
  address: string | null;
}

export interface Addr {
  name: string | null;
  address: string;
}

export interface Item {
  reference: string;
  mailbox: string;
  from: Sender;
  subject: string;
  receivedAt: Time;
  size: number;
  attachments: number;
  protection: Protection;
  opened: boolean;
  unread: boolean;
  starred: boolean;
  /** The account's own letter, and to whom it went. */
  sent?: boolean;
  recipients?: string[];
  notice?: Notice | null;
  /** The reader is asked whether the outside sender may learn what became of it. */
  asksConfirmation?: boolean;
  /** Letters with the same word here answer each other. */
  conversation?: string | null;
  labels?: number[];
  /** Only its place is known so far. */
  pending?: true;
}

/** What a message of the system itself is about. */
export interface Notice {
  kind: "read" | "rejected" | "refused" | "expired" | "failed" | "delayed" | "ending" | "asked";
  about: string;
  recipient: string;
}

export interface Part {
  part: number;
  name: string;
  type: string;
  size: number;
  inline: boolean;
}

export interface Detail extends Item {
  to: Addr[];
  cc: Addr[];
  replyTo: Addr[];
  date: string | null;
  messageId: string | null;
  text: string | null;
  textTruncated: boolean;
  hasHtml: boolean;
  htmlRefused: string | null;
  parts: Part[];
  openedAt: Time | null;
  ambiguous: boolean;
}

export interface Page {
  state: string;
  total: number;
  unread: number;
  items: Item[];
  next: string | null;
}

export interface Change {
  unread?: boolean;
  starred?: boolean;
  mailbox?: string;
  label?: number;
  unlabel?: number;
}

/** A message with no more than what can be changed about it. */
export interface Marks {
  reference: string;
  mailbox: string;
  unread: boolean;
  starred: boolean;
  conversation: string | null;
  labels: number[];
}

export interface Label {
  /** 0 for a new one. */
  id: number;
  name: string;
  colour: number;
}

export interface BatchResult {
  state: string;
  done: string[];
  failed: { reference: string; code: string }[];
}

export type RejectReason = "wrong-person" | "not-expected" | "other";

export interface Rejected {
  reference: string;
  outcome: "rejected";
  at: Time;
}

export type TicketRequest =
  | { kind: "raw" | "attachments" }
  | { kind: "view"; elsewhere?: boolean }
  | { kind: "attachment"; part: number };

export interface Ticket {
  url: string;
  expiresIn: number;
}

export interface Changes {
  state: string;
  updated: string[];
  removed: string[];
  more: boolean;
}

export interface LiveEvent {
  kind: "mail" | "mailboxes" | "session";
  state: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code?: string;
  errorId?: string;
}
