// The files and the recording that the next line carries: uploaded while it is written.
import type { NewFile } from "../../api/rooms.ts";
import * as api from "../../api/sending.ts";
import { background } from "../../lib/background.ts";
import { plainName } from "../../lib/files.ts";
import { isStillThere, uploadAttached, type Attached } from "../../state/message.svelte.ts";
import type { Recording } from "./recorder.ts";

/** As many files the server takes with a line. */
export const FILES_MAX = 10;

/** A file, and what was measured of a recording. */
export interface Carried extends Attached {
  recording: Recording | null;
}

export class Attaching {
  all = $state.raw<Carried[]>([]);
  #stops = new Map<number, AbortController>();
  #keys = 0;
  readonly #octetsMax: () => number;

  constructor(octetsMax: () => number) {
    this.#octetsMax = octetsMax;
  }

  get files(): Carried[] {
    return this.all.filter((one) => one.recording === null);
  }

  get voice(): Carried | null {
    return this.all.find((one) => one.recording !== null) ?? null;
  }

  /** No file of a line stands in its text. */
  isPicture(): boolean {
    return false;
  }

  /** Why the line cannot be sent yet. */
  get missing(): "going" | "broken" | null {
    const states = this.all.map(({ state }) => state);
    if (states.includes("going")) return "going";
    return states.some((state) => state !== "done") ? "broken" : null;
  }

  /** Attaches as many files as a line may have; returns whether these were all. */
  attach(files: Iterable<File>): boolean {
    for (const file of files) {
      if (this.all.length >= FILES_MAX) return false;
      this.#add(file, null);
    }
    return true;
  }

  record(recording: Recording): void {
    this.#add(recording.file, recording);
  }

  #add(file: File, recording: Recording | null): void {
    const key = this.#keys++;
    const { size } = file;
    const state = size > this.#octetsMax() ? "too-large" : "going";
    const name = plainName(file.name);
    this.all = [...this.all, { key, name, size, file, upload: null, state, recording }];
    if (state === "going") void this.#upload(key);
  }

  retry(key: number): void {
    this.#change(key, { state: "going" });
    void this.#upload(key);
  }

  async detach(key: number): Promise<void> {
    const gone = this.all.find((one) => one.key === key);
    this.#stops.get(key)?.abort();
    this.all = this.all.filter((one) => one.key !== key);
    const id = gone?.upload?.id;
    if (id !== undefined) await background("removing a file", api.uploadDelete(id, true));
  }

  /** Hands over what a line carries: what is attached from here on belongs to the next one. */
  take(): Carried[] {
    const taken = this.all;
    this.all = [];
    return taken;
  }

  /** Takes back what was not sent. */
  back(taken: Carried[]): void {
    this.all = [...taken, ...this.all];
  }

  /** Looks which uploads are still there: a line whose answer was lost may have taken them. What the server has no
   * more is uploaded anew where somebody tries again, or is removed. */
  async look(): Promise<void> {
    const done = this.all.filter((one) => one.state === "done");
    await Promise.all(done.map((one) => this.#look(one)));
  }

  async #look({ key, upload }: Carried): Promise<void> {
    if (upload === null || (await isStillThere(upload, true))) return;
    this.#change(key, { upload: null, state: "failed" });
  }

  /** The page is left: what is on its way stops, and the server removes what no line has. */
  leave(): void {
    for (const stop of this.#stops.values()) stop.abort();
  }

  async #upload(key: number): Promise<void> {
    const one = this.all.find((file) => file.key === key);
    if (one === undefined) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    const change = (to: Partial<Attached>) => this.#change(key, to);
    // What fails is said beside the file.
    await Promise.allSettled([uploadAttached(one, stop.signal, change, true)]);
    this.#stops.delete(key);
  }

  #change(key: number, to: Partial<Carried>): void {
    this.all = this.all.map((one) => (one.key === key ? { ...one, ...to } : one));
  }
}

/** What the request for a line says of its files. */
export function asked(carried: Carried[]): NewFile[] {
  return carried.flatMap(({ upload, recording }) => {
    if (upload === null) return [];
    if (recording === null) return [{ upload: upload.id }];
    const { lengthMs, levels } = recording;
    return [{ upload: upload.id, voice: { lengthMs, levels } }];
  });
}
