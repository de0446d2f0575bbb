// The reply of an outside recipient. Recipients, subject and quote are the server's;
// only words and files are theirs. The draft is made when there is something to keep.
import { ApiError, Unreachable } from "../../api/client.ts";
import * as api from "../../api/pickup.ts";
import { t } from "../../i18n/index.svelte.ts";
import { reason } from "../../lib/reason.ts";
import { uploadFile, uploadOn } from "./upload.ts";

const IDLE_MS = 1_000;

export interface Attached {
  key: number;
  name: string;
  /** Absent for a file that came with a draft from earlier. */
  file: File | null;
  upload: api.Upload | null;
  state: "going" | "done" | "failed" | "too-large";
}

type Phase = "writing" | "sending" | "sent";

export class Reply {
  text = $state("");
  files = $state.raw<Attached[]>([]);
  phase = $state<Phase>("writing");
  problem = $state("");
  notice = $state("");
  savedAt = $state<string | null>(null);
  unsaved = $state(false);
  draft = $state.raw<api.ReplyDraft | null>(null);
  sent = $state.raw<api.Sent | null>(null);

  readonly about: string;
  #quote = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Saves run one after another, so that each knows the version before it. */
  #saving: Promise<unknown> = Promise.resolve();
  #dirty = false;
  #stops = new Map<number, AbortController>();
  #keys = 0;
  /** The same until something changes: trying again cannot send twice. */
  #idempotency = crypto.randomUUID();

  constructor(about: string) {
    this.about = about;
  }

  /** Brings back what was begun earlier. No draft is made by looking. */
  async resume(): Promise<void> {
    const { items } = await api.draftList();
    const listed = items.find(
      ({ answers }) => answers?.reference === this.about && answers.kind === "reply",
    );
    if (listed === undefined) return;
    const found = await api.draftRead(listed.id);
    if (this.draft !== null || this.text !== "") return;
    this.draft = found;
    this.text = found.text;
    this.files = found.uploads.map((upload) => this.#kept(upload));
    this.notice = t().portal.replyResumed;
  }

  typed(): void {
    this.#touch();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.saveQuietly(), IDLE_MS);
  }

  /** On leaving the field, and when idle. What fails here is tried again with the next. */
  async saveQuietly(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#dirty || this.phase !== "writing") return;
    await this.save().catch(() => (this.unsaved = true));
  }

  save(): Promise<api.ReplyDraft> {
    const next = this.#saving.then(() => this.#saveNow());
    this.#saving = next.catch(() => undefined);
    return next;
  }

  attach(files: Iterable<File>): void {
    for (const file of files) {
      const key = this.#keys++;
      this.files = [...this.files, { key, name: file.name, file, upload: null, state: "going" }];
      void this.#upload(key);
    }
  }

  retry(key: number): void {
    this.#change(key, { state: "going" });
    void this.#upload(key);
  }

  async remove(key: number): Promise<void> {
    const gone = this.files.find((one) => one.key === key);
    this.#stops.get(key)?.abort();
    this.files = this.files.filter((one) => one.key !== key);
    this.#touch();
    // First out of the draft, then out of the store: a draft never names what is not there.
    await this.saveQuietly();
    if (gone?.upload) await api.uploadDelete(gone.upload.id).catch(() => undefined);
  }

  async send(): Promise<void> {
    if (this.phase === "sending") return;
    this.problem = this.#hindrance();
    if (this.problem !== "") return;
    this.phase = "sending";
    clearTimeout(this.#timer);
    try {
      const draft = await this.save();
      this.sent = await api.submit(draft, this.#idempotency);
      this.phase = "sent";
    } catch (error) {
      this.problem = explain(error);
      this.phase = "writing";
    }
  }

  async undo(): Promise<void> {
    if (this.sent === null) return;
    try {
      this.draft = await api.submitUndo(this.sent.reference);
      this.sent = null;
      this.phase = "writing";
      this.#touch();
      this.notice = t().portal.undone;
    } catch (error) {
      const isLate = error instanceof ApiError && error.code === "too-late";
      this.problem = isLate ? t().portal.undoLate : explain(error);
    }
  }

  /** The page goes away: files stop, words are kept. */
  leave(): void {
    for (const stop of this.#stops.values()) stop.abort();
    void this.saveQuietly();
  }

  #hindrance(): string {
    const states = this.files.map(({ state }) => state);
    if (states.includes("going")) return t().portal.stillUploading;
    if (states.some((state) => state !== "done")) return t().portal.uploadsBroken;
    return this.text.trim() === "" && states.length === 0 ? t().portal.empty : "";
  }

  #touch(): void {
    this.#dirty = true;
    this.problem = "";
    this.notice = "";
    this.#idempotency = crypto.randomUUID();
  }

  async #saveNow(): Promise<api.ReplyDraft> {
    if (this.draft === null) {
      this.draft = await api.draftFrom(this.about);
      this.#quote = this.draft.text.trim();
    } else if (!this.#dirty) {
      return this.draft;
    }
    this.#dirty = false;
    try {
      this.draft = await this.#put(this.draft);
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
    this.unsaved = false;
    this.savedAt = this.draft.savedAt;
    return this.draft;
  }

  async #put(draft: api.ReplyDraft): Promise<api.ReplyDraft> {
    try {
      return await api.draftSave(draft, this.#content(draft));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "edited-elsewhere") throw error;
      // Another tab of theirs. What stands before their eyes now is what they mean.
      const newer = await api.draftRead(draft.id);
      return await api.draftSave(newer, this.#content(newer));
    }
  }

  #content(draft: api.ReplyDraft): api.ReplyContent {
    const { to, cc, bcc, subject, answers, choices } = draft;
    const text = [this.text.trimEnd(), this.#quote].filter((part) => part !== "").join("\n\n");
    const attachments = this.files.flatMap(({ state, upload }) =>
      state === "done" && upload ? [upload.id] : [],
    );
    return { to, cc, bcc, subject, text, html: null, attachments, answers, choices };
  }

  async #upload(key: number): Promise<void> {
    const one = this.files.find((file) => file.key === key);
    if (!one?.file) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    const hooks = { moved: (upload: api.Upload) => this.#change(key, { upload }) };
    try {
      if (one.upload) await uploadOn(one.upload, one.file, hooks, stop.signal);
      else await uploadFile(one.file, hooks, stop.signal);
      this.#change(key, { state: "done" });
      this.#touch();
      await this.saveQuietly();
    } catch (error) {
      const isLarge = error instanceof ApiError && error.status === 413;
      this.#change(key, { state: isLarge ? "too-large" : "failed" });
    } finally {
      this.#stops.delete(key);
    }
  }

  #change(key: number, to: Partial<Attached>): void {
    this.files = this.files.map((one) => (one.key === key ? { ...one, ...to } : one));
  }

  #kept(upload: api.Upload): Attached {
    const state = upload.received < upload.size ? "failed" : "done";
    return { key: this.#keys++, name: upload.name, file: null, upload, state };
  }
}

function explain(error: unknown): string {
  if (error instanceof Unreachable) return t().portal.sendUnsure;
  if (!(error instanceof ApiError)) return t().portal.sendFailed(String(error));
  if (error.code === "consent-required") return t().portal.wouldBeClear;
  return t().portal.sendFailed(reason(error));
}
