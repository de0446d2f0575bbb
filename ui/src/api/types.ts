// What the daemon sends and takes, as the pages name it.
import type { Answered, Asked } from "./wire.ts";

/** RFC 3339. */
export type Time = string;

export type Session = Answered<"Session">;
export type KnownBrowser = Answered<"KnownBrowser">;
export type Account = Answered<"Account">;
export type TemporaryAccount = Answered<"TemporaryAccount">;
export type Profile = Asked<"Profile">;
export type SignIn = Asked<"SignIn">;
export type SessionInfo = Answered<"SessionInfo">;
export type SignedIn = Answered<"SignedIn">;

export type Role = Answered<"Role">;
export type Mailbox = Answered<"Mailbox">;
export type Mailboxes = Answered<"Mailboxes">;
export type Quota = Answered<"Quota">;
export type Label = Answered<"Label">;

export type Sender = Answered<"Sender">;
export type Addr = Answered<"Addr">;
export type Protection = Answered<"Protection">;
export type Part = Answered<"Part">;

/** What a message of the system itself is about. */
export type Notice = Answered<"Notice">;
export type NoticeKind = Notice["kind"];
export type Item = Answered<"Item">;
export type Standing = Answered<"Standing">;
export type Detail = Answered<"Detail">;
export type Invitation = Answered<"Invitation">;
export type Contact = Answered<"Contact">;
export type Cryptography = Answered<"Cryptography">;
/** What a message says, whether it was received or is within another one. */
export type Readable = Answered<"Readable">;

/** A message within another one. */
export type Attached = Answered<"Attached">;
export type Page = Answered<"Page">;
/** The messages of one conversation, as the list of a mailbox shows them. */
export type ConversationRow = Answered<"ConversationRow">;
export type Author = Answered<"ConversationAuthor">;

/** A message as a list shows it. */
export type Listed = Item & {
  /** Who wrote the newest messages of its conversation, if it stands for them. */
  people?: Author[];
  /** Set while only its position is known. */
  pending?: true;
  /** Set for a draft: `reference` is its ID. */
  draft?: true;
};

export type Snippet = Answered<"Snippet">;
export type Hit = Answered<"Hit">;
export type Found = Answered<"Found">;
export type IndexProgress = Answered<"Progress">;

/** A change to messages: a field that stays is left out, never `null`. */
export type Change = {
  [Key in keyof Asked<"MessageChange">]: NonNullable<Asked<"MessageChange">[Key]>;
};
/** The parts of a message that can be changed, and nothing else. */
export type Flags = Answered<"Flags">;
export type AllFlags = Answered<"AllFlags">;
export type BatchResult = Answered<"BatchResult">;
export type Imported = Answered<"Imported">;

export type RejectReason = Asked<"RejectReason">;
export type Rejected = Answered<"Rejected">;

export type TicketRequest = Asked<"TicketRequest">;
export type Ticket = Answered<"Ticket">;

export type Changes = Answered<"Changes">;
export type LiveEvent = Answered<"Streamed">;

/** A refusal. A proxy in front of the daemon may give no more than a status. */
export type Problem = Pick<Answered<"Problem">, "type" | "title" | "status"> &
  Partial<Answered<"Problem">>;
