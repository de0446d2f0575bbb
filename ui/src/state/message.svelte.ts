// What a colleague's message and an outside recipient's reply have in common while they are
// written: the words are kept on the server when one pauses, files go up meanwhile, and
// sending twice the same sends once.
import { ApiError } from "../api/client.ts";
import * as api from "../api/sending.ts";
import { background } from "../lib/background.ts";
import { uploadFile, uploadOn } from "../lib/upload.ts";

const IDLE_MS = 1_000;

export interface Attached {
  key: number;
  name: string;
  size: number;
  /** Absent for a file that came with a draft from earlier. */
  file: File | null;
  upload: api.Upload | null;
  state: "going" | "done" | "failed" | "too-large";
}

export abstract class Message {
  text = $state("");
  files = $state.raw<Attached[]>([]);
  problem = $state("");
  savedAt = $state<string | null>(null);
  unsaved = $state(false);
  /** As the server has it; null while there is nothing worth keeping. */
  draft = $state.raw<api.Draft | null>(null);

  /** Something was written that the server does not have. */
  protected dirty = false;
  /** The same until something changes: trying again cannot send twice. */
  protected idempotencyKey = crypto.randomUUID();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Saves run one after another, so that each knows the version before it. */
  #saving: Promise<unknown> = Promise.resolve();
  #stops = new Map<number, AbortController>();
  #keys = 0;

  /** Whether there is something to keep, and keeping it now is right. */
  protected abstract mayKeep(): boolean;
  /** Writes what stands here to the server. It runs once at a time. */
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

  /** On leaving the field, and when idle. What fails here is tried again with the next. */
  async saveQuietly(): Promise<void> {
    this.rest();
    if (!this.dirty || !this.mayKeep()) return;
    await this.save().catch(() => (this.unsaved = true));
  }

  save(): Promise<api.Draft> {
    const next = this.#saving.then(() => this.#saveNow());
    // Whoever waits for this save hears of its failure; the next one runs all the same.
    this.#saving = Promise.allSettled([next]);
    return next;
  }

  attach(files: Iterable<File>): void {
    for (const file of files) {
      const key = this.#keys++;
      const { name, size } = file;
      this.files = [...this.files, { key, name, size, file, upload: null, state: "going" }];
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
    // First out of the draft, then out of the store: a draft never names what is not there.
    await this.saveQuietly();
    // What is in no draft, the daemon removes by itself in time.
    if (gone?.upload) await background("removing an attachment", api.uploadDelete(gone.upload.id));
  }

  /** The uploads that have arrived, for the draft. */
  protected attachments(): string[] {
    return this.files.flatMap(({ state, upload }) =>
      state === "done" && upload ? [upload.id] : [],
    );
  }

  /** The files that a draft from earlier has. */
  protected takeFiles(draft: api.Draft): void {
    this.files = draft.uploads.map((upload) => {
      const { name, size, received } = upload;
      const state = received < size ? "failed" : "done";
      return { key: this.#keys++, name, size, file: null, upload, state };
    });
  }

  /** Whether files are still on their way, or one did not arrive. */
  protected get filesMissing(): "going" | "broken" | null {
    const states = this.files.map(({ state }) => state);
    if (states.includes("going")) return "going";
    return states.some((state) => state !== "done") ? "broken" : null;
  }

  /** No save by itself from now on, until something changes. */
  protected rest(): void {
    clearTimeout(this.#timer);
  }

  protected stopUploads(): void {
    for (const stop of this.#stops.values()) stop.abort();
  }

  /** Resolves when no save is under way. */
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
    const hooks = { moved: (upload: api.Upload) => this.#change(key, { upload }) };
    try {
      if (one.upload) await uploadOn(one.upload, one.file, hooks, stop.signal);
      else await uploadFile(one.file, hooks, stop.signal);
      this.#change(key, { state: "done" });
      this.changed();
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
}
