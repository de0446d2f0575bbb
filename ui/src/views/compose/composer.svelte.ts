// A message being written. It is saved on the server after a pause; sending requires a saved
// version, so that what is sent is what the sender saw.
import { ApiError, Unreachable } from "../../api/client.ts";
import * as api from "../../api/sending.ts";
import type { Addr } from "../../api/types.ts";
import { t } from "../../i18n/index.svelte.ts";
import { reason } from "../../lib/reason.ts";
import { Message } from "../../state/message.svelte.ts";
import { drafts } from "./drafts.svelte.ts";
import type { Editor } from "./editor.ts";

export type Field = "to" | "cc" | "bcc";

export type Forgotten = "subject" | "file";

const FIELDS = ["to", "cc", "bcc"] as const;

let keys = 0;

export class Composer extends Message {
  readonly key = keys++;
  to = $state.raw<Addr[]>([]);
  cc = $state.raw<Addr[]>([]);
  bcc = $state.raw<Addr[]>([]);
  subject = $state("");
  html = $state<string | null>(null);
  choices = $state.raw<Record<string, api.Choice>>({});
  checks = $state.raw<Record<string, api.Check>>({});
  sending = $state(false);
  /** Whether the message is signed; `null`: as the sender chose for all. */
  signed = $state<boolean | null>(null);
  /** How it is shown. */
  shape = $state<"docked" | "minimised" | "full">("docked");
  consent = $state.raw<api.Consent | null>(null);
  conflict = $state.raw<api.Draft | null>(null);
  /** The text in the address fields that is not a chip yet. */
  typing = $state<Record<Field, string>>({ to: "", cc: "", bcc: "" });
  /** The pictures that came into the text by themselves; taken out, they are no files beside it. */
  pictures = $state.raw<ReadonlySet<string>>(new Set());
  /** Counts how often the content was replaced by another draft. */
  taken = $state(0);

  /** Where the text is written with form. */
  editor: Editor | null = null;
  related: api.Content["related"] = null;
  /** The login names that were completed to these addresses. */
  #logins = new Map<string, string>();
  #question: object | null = null;
  /** Called once the message was submitted. */
  onsent: ((sent: api.Submission) => void) | null = null;

  /** The initial text, which alone is not worth a draft. */
  blank = "";

  constructor(draft: api.Draft | null = null) {
    super();
    if (draft) this.take(draft);
  }

  get id(): string | null {
    return this.draft?.id ?? null;
  }

  get empty(): boolean {
    const people = this.to.length + this.cc.length + this.bcc.length;
    const nothing = this.text.trim() === "" || this.text === this.blank;
    return people + this.files.length === 0 && this.subject === "" && nothing;
  }

  /** Shows a draft as the server has it. */
  take(draft: api.Draft): void {
    this.dirty = false;
    this.draft = draft;
    this.taken += 1;
    const { to, cc, bcc, subject, text, html, choices, related, signed } = draft;
    Object.assign(this, { to, cc, bcc, subject, text, html, choices, related, signed });
    this.pictures = new Set(html?.match(/(?<="cid:)\w+/g));
    this.savedAt = draft.savedAt;
    this.takeFiles(draft);
    void this.checkAll();
  }

  /**
   * Adds the addresses in a text; returns the part that is not an address. With a domain, a name
   * alone is an address there; an address without a name gets the one that it is offered with.
   */
  add(field: Field, typed: string, domain = "", offered: Addr[] = []): string {
    const left: string[] = [];
    const known = new Set([...this.to, ...this.cc, ...this.bcc].map((one) => lower(one.address)));
    const fresh: Addr[] = [];
    for (const part of typed.split(/[,;،\n]+/)) {
      const given = addressOf(part);
      const addr = given ?? localOf(part, domain);
      if (given === null && addr !== null) this.#logins.set(addr.address, part.trim());
      // What is typed in full is meant as it stands.
      else if (given !== null) this.#logins.delete(given.address);
      if (addr === null) {
        if (part.trim() !== "") left.push(part.trim());
      } else if (!known.has(lower(addr.address))) {
        known.add(lower(addr.address));
        const same = offered.find((one) => lower(one.address) === lower(addr.address));
        fresh.push({ ...addr, name: addr.name ?? same?.name ?? null });
      }
    }
    if (fresh.length > 0) {
      this[field] = [...this[field], ...fresh];
      this.changed();
      void this.checkAll();
    }
    return left.join(", ");
  }

  remove(field: Field, address: string): void {
    this[field] = this[field].filter((one) => one.address !== address);
    this.checks = Object.fromEntries(Object.entries(this.checks).filter(([of]) => of !== address));
    this.#logins.delete(address);
    this.changed();
  }

  choose(address: string, choice: api.Choice): void {
    this.choices = { ...this.choices, [address]: choice };
    this.changed();
    void this.checkAll();
  }

  /** Loads how the message would reach each recipient; without an answer the chips show less. */
  async checkAll(): Promise<void> {
    // What answers an earlier question knows nothing of who was added since.
    const question = (this.#question = {});
    const addresses = this.all().map((one) => one.address);
    if (addresses.length === 0) return;
    try {
      const logins = addresses.flatMap((one) => this.#logins.get(one) ?? []);
      const asked = [...addresses, ...logins];
      const { items } = await api.check(asked, this.related, this.choices);
      if (question !== this.#question) return;
      if (logins.length > 0) (await import("./logins.ts")).resolved(this, items, this.#logins);
      const checks = items.map((one) => ({ ...one, address: one.resolved ?? one.address }));
      // Recipients may have been added or removed since the request.
      const there = new Set(this.all().map((one) => one.address));
      const still = checks.filter((one) => there.has(one.address));
      this.checks = Object.fromEntries(still.map((one) => [one.address, one]));
    } catch {
      if (question === this.#question) this.checks = {};
    }
  }

  /** All recipients. */
  all(): Addr[] {
    return [...this.to, ...this.cc, ...this.bcc];
  }

  protected override mayKeep(): boolean {
    return !this.sending && (this.draft !== null || !this.empty);
  }

  protected override async write(): Promise<api.Draft> {
    try {
      return await this.#put();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      // An upload is gone: the text is saved without it.
      const { leaveOut } = await import("./missing.ts");
      if (await leaveOut(this)) return this.#put();
      throw error;
    }
  }

  async #put(): Promise<api.Draft> {
    const before = this.draft;
    if (before === null) return api.draftCreate(this.#content());
    try {
      return await api.draftSave(before.id, before.version, this.#content());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Sent or discarded in another tab: this text becomes a new draft.
      if (error.status === 404) return api.draftCreate(this.#content());
      if (error.code === "edited-elsewhere") this.conflict = await api.draftRead(before.id);
      throw error;
    }
  }

  #content(): api.Content {
    const attachments = this.attachments().filter((id) => !this.isPicture(id) || this.#shows(id));
    const { to, cc, bcc, subject, text, html, related, choices, signed } = this;
    return { to, cc, bcc, subject, text, html, related, choices, signed, attachments };
  }

  /** Whether an upload is a picture of the text, or was one before it was taken out. */
  isPicture(id = ""): boolean {
    return this.pictures.has(id) || this.#shows(id);
  }

  #shows(id: string): boolean {
    return this.html?.includes(`"cid:${id}"`) ?? false;
  }

  /** Leaves the text without form, which has no pictures: they are files beside it. */
  toPlain(): void {
    // Those that were taken out of the text stay out.
    this.pictures = new Set([...this.pictures].filter((id) => !this.#shows(id)));
    this.html = null;
    this.changed();
  }

  /** What the sender may have forgotten. */
  get forgotten(): Forgotten[] {
    const is = { subject: this.subject.trim() === "", file: this.#forgotFile };
    return (["subject", "file"] as const).filter((what) => is[what]);
  }

  /** Whether the text mentions an attachment but nothing is attached. */
  get #forgotFile(): boolean {
    const own = this.text.split(/\n(?:>|-{5,})/)[0] ?? "";
    return (
      this.files.every(({ upload }) => this.isPicture(upload?.id)) &&
      /\battach(ed|ment|ing)?\b|מצורף|מצורפת|צירפתי/iu.test(own)
    );
  }

  /** Whether it could be sent as it is; if not, `problem` says why. */
  ready(): boolean {
    for (const field of FIELDS) this.typing[field] = this.add(field, this.typing[field]);
    this.problem = this.#hindrance();
    return this.problem === "";
  }

  async send(typed: string | null = null): Promise<void> {
    if (this.sending || !this.ready()) return;
    this.sending = true;
    this.rest();
    try {
      const { files } = this;
      const draft = await this.save();
      // Without a file that the sender counts on, it does not leave before they know.
      if (files !== this.files) return;
      const sent = await api.submit(draft, this.idempotencyKey, this.consent?.token ?? null, typed);
      this.consent = null;
      this.onsent?.(sent);
    } catch (error) {
      const asked = error instanceof ApiError ? api.consentOf(error.body) : null;
      if (asked) this.consent = asked;
      else this.problem = explain(error);
    } finally {
      this.sending = false;
    }
  }

  /** The sender did not consent: everything stays as it is. */
  decline(): void {
    this.consent = null;
  }

  async discard(): Promise<void> {
    this.rest();
    this.stopUploads();
    // A save that is running would bring the draft back.
    this.dirty = false;
    await this.settled();
    if (this.draft) await drafts.delete(this.draft.id);
  }

  #hindrance(): string {
    const words = t().compose;
    const typed = FIELDS.map((field) => this.typing[field].trim()).find((text) => text !== "");
    if (typed !== undefined) return words.noAddress(typed);
    if (this.to.length + this.cc.length + this.bcc.length === 0) return words.nobody;
    if (this.filesMissing === "going") return words.stillUploading;
    return this.filesMissing === "broken" ? words.uploadsBroken : "";
  }
}

function lower(text: string): string {
  return text.toLowerCase();
}

/** Parses `Name <a@b>` or `a@b`; returns null for anything else. The server decides in the end. */
export function addressOf(text: string): Addr | null {
  const found = /^\s*(?:"?([^"<]*?)"?\s*<)?([^\s<>@]+@[^\s<>@]+\.?[^\s<>@]*)>?\s*$/.exec(text);
  if (!found?.[2]) return null;
  return { name: found[1]?.trim() || null, address: found[2] };
}

/** Reads a login name as an address of the domain. One ends in a letter or a digit: "etc." is none. */
function localOf(text: string, domain: string): Addr | null {
  const name = text.trim();
  const isName = domain !== "" && /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u.test(name);
  return isName ? { name: null, address: `${name}@${domain}` } : null;
}

function explain(error: unknown): string {
  const words = t().compose;
  if (error instanceof Unreachable) return words.unsure;
  return words.failed(error instanceof ApiError ? reason(error) : String(error));
}
