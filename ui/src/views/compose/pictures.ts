// Pictures in the text of a message: files of it that are shown where they stand. A separate chunk:
// most messages have none.
import { uploadImage, type Upload } from "../../api/sending.ts";
import type { Attached } from "../../state/message.svelte.ts";
import type { Composer } from "./composer.svelte.ts";
import { composers } from "./composers.svelte.ts";
import type { Place } from "./editor.ts";
import { prune } from "./missing.ts";

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

/**
 * Puts an uploaded picture where its place is by now; it replaces nothing and takes no focus. What
 * cannot be shown, or has lost its place since the text was replaced, stays a file. One that came
 * into the text by itself is no file when it is taken out again.
 */
export function put(
  composer: Composer,
  place: Place | undefined,
  one: Attached,
  isPasted: boolean,
): void {
  const { upload, file } = one;
  const { view, places = [] } = composer.editor ?? {};
  if (!view || !upload || !isShown(upload) || !place || !places.includes(place)) return;
  if (isPasted) composer.pictures = new Set([...composer.pictures, upload.id]);
  // What was just uploaded need not be fetched.
  if (file !== null) keep(upload.id, Promise.resolve(file));
  const { at } = place;
  const own = places.indexOf(place);
  // Pictures of one place stand in the order in which they were put there, not uploaded.
  const later = places.slice(own + 1).filter((other) => other.at === at);
  places.splice(own, 1);
  const { tr, schema, doc } = view.state;
  const picture = schema.node("img", { id: upload.id, alt: upload.name });
  view.dispatch(tr.replaceRangeWith(at, at, picture));
  for (const other of later) other.at += view.state.doc.content.size - doc.content.size;
}

function keep(id: string, octets: Promise<Blob>): Promise<string> {
  if (known.size === 0) composers.leaving.push(forget);
  const url = octets.then((blob) => URL.createObjectURL(blob));
  known.set(id, url);
  return url;
}

/** Shows a picture once it is there; until then, and if it cannot be had, its name. */
export async function load(image: HTMLImageElement, id: string, composer: Composer): Promise<void> {
  if (!composer.files.some(({ upload }) => upload?.id === id)) return prune(composer);
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
