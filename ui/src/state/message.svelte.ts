// What an inside user's message and an outside recipient's reply have in common while they are
// written: the text is saved on the server after a pause, files are uploaded meanwhile, and a
// repeated submission is sent only once.
import { ApiError } from "../api/client.ts";
import * as api from "../api/sending.ts";
import { background } from "../lib/background.ts";
import { plainName } from "../lib/files.ts";
import { reason } from "../lib/reason.ts";
import { uploadFile } from "../lib/upload.ts";

const IDLE_MS = 1_000;

export interface Attached {
  key: number;
  name: string;
  size: number;
  /** Null for a file that came with an earlier draft. */
  file: File | null;
  upload: api.Upload | null;
  /** Called once it is on the server. */
  ondone?: ((one: Attached) => void) | undefined;
  state: "going" | "done" | "failed" | "too-large";
}

/** Uploads what is attached, or the rest of it; `change` hears how that goes. */
export async function uploadAttached(
  { file, upload }: Attached,
  signal: AbortSignal,
  change: (to: Partial<Attached>) => void,
  own = false,
): Promise<void> {
  if (!file) return;
  try {
    const moved = (upload: api.Upload) => change({ upload });
    await uploadFile(file, { moved, own }, signal, upload);
    change({ state: "done" });
  } catch (error) {
    const isLarge = error instanceof ApiError && error.status === 413;
    change({ state: isLarge ? "too-large" : "failed" });
    throw error;
  }
}

/** Whether the server still has an upload: a request whose answer was lost may have taken it. */
export async function isStillThere({ id }: api.Upload, own = false): Promise<boolean> {
  try {
    await api.uploadRead(id, own);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return false;
  }
}

export abstract class Message {
  text = $state("");
  files = $state.raw<Attached[]>([]);
  problem = $state("");
  savedAt = $state<string | null>(null);
  unsaved = $state(false);
  /** The draft on the server; null while there is nothing worth saving. */
  draft = $state.raw<api.Draft | null>(null);

  /** Whether there is something that the server does not have. */
  protected dirty = false;
  /** Stays the same until something changes, so that a retry cannot send twice. */
  protected idempotencyKey = crypto.randomUUID();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Saves run one after another, so that each knows the version of the previous one. */
  #saving: Promise<unknown> = Promise.resolve();
  #stops = new Map<number, AbortController>();
  #keys = 0;

  /** Whether there is something to save, and saving is allowed now. */
  protected abstract mayKeep(): boolean;
  /** Writes this message to the server. Runs one at a time. */
  protected abstract write(): Promise<api.Draft>;

  protected touch(): void {
    this.dirty = true;
    this.problem = "";
    this.idempotencyKey = crypto.randomUUID();
  }

  changed(): void {
    this.touch();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.saveQuietly(), IDLE_MS);
  }

  /** Saves on leaving the field and when idle. A failure is retried with the next save. */
  async saveQuietly(): Promise<void> {
    this.rest();
    if (!this.dirty || !this.mayKeep()) {
      // The last change may be on its way: who closes the message must not be told that it is kept.
      await this.#saving;
      return;
    }
    try {
      await this.save();
    } catch (error) {
      this.unsaved = true;
      this.#explainFull(error);
    }
  }

  save(): Promise<api.Draft> {
    const next = this.#saving.then(() => this.#saveNow());
    // The caller of this save gets its failure; the next save runs all the same.
    this.#saving = Promise.allSettled([next]);
    return next;
  }

  attach(files: Iterable<File>, ondone?: Attached["ondone"]): void {
    for (const file of files) {
      const key = this.#keys++;
      const { size } = file;
      const name = plainName(file.name);
      this.files = [...this.files, { key, name, size, file, upload: null, ondone, state: "going" }];
      void this.#upload(key);
    }
  }

  retry(key: number): void {
    this.#change(key, { state: "going" });
    void this.#upload(key);
  }

  async detach(key: number): Promise<void> {
    const gone = this.files.find((one) => one.key === key);
    this.#stops.get(key)?.abort();
    this.files = this.files.filter((one) => one.key !== key);
    this.changed();
    // First remove it from the draft, then from the store: a draft never names a missing upload.
    await this.saveQuietly();
    // The daemon eventually removes uploads that are in no draft.
    if (gone?.upload) await background("removing an attachment", api.uploadDelete(gone.upload.id));
  }

  /** Returns the IDs of the finished uploads, for the draft. */
  protected attachments(): string[] {
    return this.files.flatMap(({ state, upload }) =>
      state === "done" && upload ? [upload.id] : [],
    );
  }

  /** Adopts the files of an earlier draft. */
  protected takeFiles(draft: api.Draft): void {
    this.files = draft.uploads.map((upload) => {
      const { name, size, received } = upload;
      const state = received < size ? "failed" : "done";
      return { key: this.#keys++, name, size, file: null, upload, state };
    });
  }

  /** Whether uploads are still running, or one has failed. */
  protected get filesMissing(): "going" | "broken" | null {
    const states = this.files.map(({ state }) => state);
    if (states.includes("going")) return "going";
    return states.some((state) => state !== "done") ? "broken" : null;
  }

  /** Cancels the pending automatic save, until something changes. */
  protected rest(): void {
    clearTimeout(this.#timer);
  }

  protected stopUploads(): void {
    for (const stop of this.#stops.values()) stop.abort();
  }

  /** Resolves once no save is running. */
  protected async settled(): Promise<void> {
    await this.#saving;
  }

  async #saveNow(): Promise<api.Draft> {
    if (this.draft !== null && !this.dirty) return this.draft;
    this.dirty = false;
    try {
      this.draft = await this.write();
    } catch (error) {
      this.dirty = true;
      throw error;
    }
    this.unsaved = false;
    this.savedAt = this.draft.savedAt;
    return this.draft;
  }

  async #upload(key: number): Promise<void> {
    const one = this.files.find((file) => file.key === key);
    if (!one?.file) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    try {
      await uploadAttached(one, stop.signal, (to) => this.#change(key, to));
      const done = this.files.find((file) => file.key === key);
      if (done) one.ondone?.(done);
      this.changed();
      await this.saveQuietly();
    } catch (error) {
      this.#explainFull(error);
    } finally {
      this.#stops.delete(key);
    }
  }

  /** Trying again does not help while the mailbox is full, so its owner is told at once. */
  #explainFull(error: unknown): void {
    if (error instanceof ApiError && error.code === "mailbox-full") this.problem = reason(error);
  }

  #change(key: number, to: Partial<Attached>): void {
    this.files = this.files.map((one) => (one.key === key ? { ...one, ...to } : one));
  }
}
