// What a message names and does not have: files that were deleted with a draft in another tab or after
// their time, and pictures of other messages. A separate chunk: it is seldom needed.
import { ApiError } from "../../api/client.ts";
import * as api from "../../api/sending.ts";
import { t } from "../../i18n/index.svelte.ts";
import type { Attached } from "../../state/message.svelte.ts";
import { toasts } from "../../state/toasts.svelte.ts";
import type { Composer } from "./composer.svelte.ts";

/** Takes them out of the message and says so; returns whether there were any. */
export async function leaveOut(composer: Composer): Promise<boolean> {
  const missing = new Set<Attached>();
  for (const one of composer.files) if (await isMissing(one)) missing.add(one);
  if (missing.size === 0) return false;
  composer.files = composer.files.filter((one) => !missing.has(one));
  prune(composer);
  leftOut([...missing].map(({ name }) => name));
  return true;
}

async function isMissing({ state, upload }: Attached): Promise<boolean> {
  if (state !== "done" || upload === null) return false;
  try {
    await api.uploadRead(upload.id);
    return false;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return true;
    throw error;
  }
}

/**
 * Takes out of the text what only looks like a picture of it, since it is no file of the message: it
 * was copied from another one, or deleted meanwhile. It would not be sent.
 */
export function prune({ editor, files }: Composer): void {
  if (editor === null) return;
  const { view } = editor;
  const own = new Set(files.map(({ upload }) => upload?.id));
  const { tr, doc } = view.state;
  const names = new Set<string>();
  doc.descendants(({ attrs, nodeSize }, at) => {
    if (!attrs["id"] || own.has(attrs["id"] as string)) return;
    names.add(attrs["alt"] as string);
    const from = tr.mapping.map(at);
    tr.delete(from, from + nodeSize);
  });
  if (names.size === 0) return;
  // Undo would only bring it back to be taken out again.
  view.dispatch(tr.setMeta("addToHistory", false));
  leftOut([...names]);
}

/** Says what is no longer part of a message. It stays until it was read. */
export function leftOut(names: string[]): void {
  const detail = names.filter((name) => name !== "").join(", ") || null;
  toasts.show(t().compose.leftOut, { kind: "error", detail });
}
