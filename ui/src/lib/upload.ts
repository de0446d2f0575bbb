// Uploads a file in chunks. After a lost connection it resumes at the offset that the server
// reports, so that no octet is sent twice or left out.
import { ApiError, Unreachable } from "../api/client.ts";
import * as api from "../api/sending.ts";
import { plainName } from "./files.ts";

const TRIES_MAX = 6;
const RETRY_FIRST_MS = 1_000;
const CHUNK_MAX_MS = 300_000;

export interface UploadHooks {
  /** Called once the server knows the file, and after each chunk. */
  moved(upload: api.Upload): void;
  pause?(ms: number): Promise<void>;
  /** For the own account, whatever mailbox is shown. */
  own?: boolean;
}

/** Uploads a file, or the rest of it, if its upload was begun. */
export async function uploadFile(
  file: File,
  hooks: UploadHooks,
  signal: AbortSignal,
  begun: api.Upload | null = null,
): Promise<api.Upload> {
  if (begun !== null) return uploadOn(begun, file, hooks, signal);
  const type = file.type || "application/octet-stream";
  const about = { name: plainName(file.name), type, size: file.size };
  const upload = await api.uploadNew(about, hooks.own);
  hooks.moved(upload);
  return uploadOn(upload, file, hooks, signal);
}

/** Continues an upload that was started now or earlier. */
export async function uploadOn(
  begun: api.Upload,
  file: File,
  hooks: UploadHooks,
  signal: AbortSignal,
): Promise<api.Upload> {
  let upload = begun;
  let tries = 0;
  while (upload.received < upload.size) {
    signal.throwIfAborted();
    try {
      upload =
        tries === 0
          ? await chunk(upload, file, signal, hooks.own)
          : await api.uploadRead(upload.id, hooks.own);
      tries = 0;
      hooks.moved(upload);
    } catch (error) {
      if (!isPassing(error) || ++tries >= TRIES_MAX) throw error;
      if (error instanceof Unreachable) await (hooks.pause ?? pause)(RETRY_FIRST_MS * 2 ** tries);
    }
  }
  return upload;
}

function chunk(
  upload: api.Upload,
  file: File,
  signal: AbortSignal,
  own: boolean | undefined,
): Promise<api.Upload> {
  const { id, received, chunkOctets } = upload;
  const octets = file.slice(received, received + chunkOctets);
  const within = AbortSignal.any([signal, AbortSignal.timeout(CHUNK_MAX_MS)]);
  return api.uploadPut(id, received, octets, within, own);
}

/** No answer, or another offset than expected: both are resolved by asking the server. */
function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof ApiError && error.code === "wrong-offset";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
