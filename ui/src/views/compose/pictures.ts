// Pictures in the text of a message: files of it that are shown where they stand. A separate chunk:
// most messages have none.
import { uploadImage, type Upload } from "../../api/sending.ts";
import type { Attached } from "../../state/message.svelte.ts";
import { composers } from "./composers.svelte.ts";

/** What the server shows: larger pictures stay files beside the text. */
const OCTETS_MAX = 4 * 1024 * 1024;
const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

const TIME_MS = 60_000;

/** The octets of pictures, by their upload, as long as this page lives. */
const known = new Map<string, Promise<string>>();

export function isShown({ type, size }: Pick<Upload, "type" | "size">): boolean {
  return TYPES.includes(type) && size <= OCTETS_MAX;
}

export function isImage({ upload }: Attached): boolean {
  return upload !== null && isShown(upload);
}

/** Remembers what was just uploaded, so that it need not be fetched. */
export function remember(id: string, octets: Blob | null): void {
  if (octets !== null) keep(id, Promise.resolve(octets));
}

function keep(id: string, octets: Promise<Blob>): Promise<string> {
  if (known.size === 0) composers.leaving.push(forget);
  const url = octets.then((blob) => URL.createObjectURL(blob));
  known.set(id, url);
  return url;
}

/** Shows a picture once it is there; until then, and if it cannot be had, its name. */
export async function load(image: HTMLImageElement, id: string): Promise<void> {
  try {
    image.src = await (known.get(id) ?? keep(id, uploadImage(id, AbortSignal.timeout(TIME_MS))));
  } catch {
    // It is asked for again when the text is shown again.
    known.delete(id);
  }
}

/** Forgets all pictures, at sign-out. */
function forget(): void {
  for (const url of known.values()) void url.then(URL.revokeObjectURL, () => undefined);
  known.clear();
}
